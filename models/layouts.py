"""How other people's files name the weights of a network: rules from our names to theirs.

Each network declares its layouts where it is registered; a checkpoint is read by the one that fits.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

Rule = tuple[str, str]  # a regular expression, and what its match becomes

# What nn.DataParallel and torch.compile put before every name.
PREFIXES = ("module.", "_orig_mod.")

# Our names of what no image network has: temporal modules, and convolutions along time alone.
VIDEO_ONLY = re.compile(r"(^|\.)temporal|(conv|bn)\d?_t\.")

CLASSIFIER: Rule = (r"^head\.classifier\.", "fc.")
RESIDUAL: Rule = (r"\.residual\.", ".")
RESNET: tuple[Rule, ...] = (
    (r"^stem\.", ""),
    (r"^stages\.0\.", "layer1."),
    (r"^stages\.1\.", "layer2."),
    (r"^stages\.2\.", "layer3."),
    (r"^stages\.3\.", "layer4."),
    RESIDUAL,
    CLASSIFIER,
)

# The authors keep a TAM's weights as three named convolutions where the window is 3, else as a
# list; those of the video ResNets stand in a module of their own.
_WINDOW_3 = ("prev", "curr", "next")
TAM_NAMED: tuple[Rule, ...] = tuple(
    (rf"\bweights\.{position}$", f"{name}.weight") for position, name in enumerate(_WINDOW_3)
)
TAM_LISTED: tuple[Rule, ...] = ((r"\bweights\.(\d)$", r"blending_layers.\1.weight"),)
TAM_RESNET_NAMED: tuple[Rule, ...] = tuple(
    (rf"\bweights\.{position}$", f"{name}_se.fc1.weight") for position, name in enumerate(_WINDOW_3)
)
TAM_RESNET_LISTED: tuple[Rule, ...] = ((r"\bweights\.(\d)$", r"blending_layers.\1.fc1.weight"),)

# Video wrappers around an image network, and what each calls the classifier.
WRAPPERS: tuple[tuple[str, str], ...] = (
    ("", "fc."),
    ("", "new_fc."),
    ("base_model.", "new_fc."),
    ("baseline_model.", "new_fc."),
    ("base_model.", "base_model.fc."),
    ("baseline_model.", "baseline_model.fc."),
)


@dataclass(frozen=True)
class Layout:
    """Rules that rename our weights, applied in order; `leaves_out` matches what is not for us."""

    rules: tuple[Rule, ...] = ()
    leaves_out: str | None = None

    def rename(self, name: str) -> str:
        """What a file of this layout calls the weight that we call `name`."""
        for pattern, replacement in self.rules:
            name = re.sub(pattern, replacement, name)
        return name

    def is_left_out(self, name: str) -> bool:
        """Whether a file's weight belongs to a part that this network does not have."""
        return self.leaves_out is not None and re.search(self.leaves_out, name) is not None

    def wrapped(self) -> "Iterable[Layout]":
        """This layout inside each of the authors' video wrappers."""
        if CLASSIFIER not in self.rules:
            return (self,)
        return tuple(
            replace(
                self,
                rules=(
                    *self.rules,
                    (r"^(?!fc\.)", body),
                    (r"^fc\.", classifier),
                ),
            )
            for body, classifier in WRAPPERS
        )

    def behind(self, prefix: str) -> "Layout":
        """This layout with `prefix` before every name."""
        return replace(self, rules=(*self.rules, ("^", prefix)))


OURS = Layout()


def best_layout(
    layouts: Iterable[Layout], ours: Iterable[str], theirs: Mapping[str, object]
) -> Layout:
    """The layout under which the most of our names are in the file.

    Of `layouts` and our own, in every wrapper, with and without a prefix before each name.
    """
    names = tuple(ours)
    candidates = [OURS, *(wrapped for layout in layouts for wrapped in layout.wrapped())]
    candidates += [layout.behind(prefix) for prefix in PREFIXES for layout in candidates]
    return max(candidates, key=lambda layout: sum(layout.rename(name) in theirs for name in names))
