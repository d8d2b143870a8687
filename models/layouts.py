"""Layouts of checkpoints: how other people's files name the weights of a network.

Each network declares its layouts where it is registered: rules from our names to the file's. A
file is read in the layout that fits best.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

from models.arrangements import put_before, sources

if TYPE_CHECKING:
    from torch import Tensor, nn

# A regular expression, and the replacement of its matches. In the end there is a name of the file,
# or an expression of its names: see models/arrangements.py.
Rule = tuple[str, str]

# What wrappers put before every name, once or more: nn.DataParallel, torch.compile, Lightning, and
# the modules of training scripts.
WRAPPER_NAMES = ("module", "_orig_mod", "model", "net", "network")
_WRAPPED = re.compile(rf"(?:(?:{'|'.join(WRAPPER_NAMES)})\.)+")
# What wrappers of a part of a network put into names.
INNER_WRAPPER = re.compile(
    r"(?<=\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."
)
# Numbers that a training adds to a network's weights: those of averages, of counters of operators,
# and those that normalise clips.
ADDED = re.compile(r"(^|\.)(n_averaged|total_ops|total_params|data_preprocessor\.(mean|std))$")

# Names by which a file of another library is known: all of its patterns occur.
LIBRARIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("MMAction2", (r"^backbone\.", r"^cls_head\.")),
    ("timm", (r"^patch_embed\.proj\.", r"^blocks\.\d+\.attn\.")),
    ("timm", (r"^(conv1|stem|conv_stem)\.", r"\.(drop_block|aa|conv_pw|conv_dw|bn3)\.")),
    ("Hugging Face", (r"^\w+\.encoder\.layer\.\d+\.", r"^classifier\.")),
    ("PyTorchVideo", (r"^blocks\.\d+\.(multipathway_)?(res_)?blocks\.\d+\.",)),
    ("SlowFast", (r"^s1\.pathway\d_stem\.",)),
    ("Caffe2", (r"^(t_)?res\d_\d+_branch\d[abc]_w$",)),
)
# Parts of networks of other people that none of ours has, by the names of their weights.
FOREIGN_PARTS: tuple[tuple[str, str], ...] = (
    ("a detection head", r"(^|\.)(detection_head|roi_head|rpn_head)\."),
    ("non-local blocks", r"(^|_)nonlocal_?(conv)?\d|\.(non_local_block|nl)\."),
)

# Our names of weights that no image network has: temporal modules, convolutions along time alone.
VIDEO_ONLY = re.compile(r"(^|\.)temporal|(conv|bn)\d?_t\.")

FILE_CLASSIFIER = "fc."  # the name of the classifier in image networks
CLASSIFIER: Rule = (r"^head\.classifier\.", FILE_CLASSIFIER)
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
INCEPTION: tuple[Rule, ...] = ((r"^layers\.", ""), CLASSIFIER)
INCEPTION_AUXILIARY = r"(^|\.)aux[12]\."  # two classifiers that only the image network has

# The authors store a TAM's weights as three named convolutions if the window is 3, else as a list.
# In their TAM-ResNet each convolution is in a module of its own.
_WINDOW_3 = ("prev", "curr", "next")
TAM_NAMED: tuple[Rule, ...] = tuple(
    (rf"\bweights\.{position}$", f"{name}.weight") for position, name in enumerate(_WINDOW_3)
)
TAM_LISTED: tuple[Rule, ...] = ((r"\bweights\.(\d)$", r"blending_layers.\1.weight"),)
TAM_RESNET_NAMED: tuple[Rule, ...] = tuple(
    (rf"\bweights\.{position}$", f"{name}_se.fc1.weight") for position, name in enumerate(_WINDOW_3)
)
TAM_RESNET_LISTED: tuple[Rule, ...] = ((r"\bweights\.(\d)$", r"blending_layers.\1.fc1.weight"),)

# The authors' video wrappers around an image network: the prefix of its weights, and the name of
# the classifier.
WRAPPERS: tuple[tuple[str, str], ...] = (
    ("", FILE_CLASSIFIER),
    ("", "new_fc."),
    ("base_model.", "new_fc."),
    ("baseline_model.", "new_fc."),
    ("base_model.", "base_model.fc."),
    ("baseline_model.", "baseline_model.fc."),
)


@dataclass(frozen=True)
class Layout:
    """Rules that turn our names into a file's, applied in order.

    `ignored` matches the names of weights in the file that the network has no use for. `classifier`
    replaces "fc." at the start of a name and `body` is put before all other names; `prefix` is put
    before both, and `own_prefix`, which wrappers put before our names, is removed first. `options`
    are those of the networks that have this layout, if others have the same names. `fixed` are
    tensors that a file may hold and our network computes: their names there, and the attributes
    here. An image network's kernels are repeated along time; if it `averages`, they are divided by
    its length.
    """

    rules: tuple[Rule, ...] = ()
    ignored: str | None = None
    body: str = ""
    classifier: str = FILE_CLASSIFIER
    prefix: str = ""
    own_prefix: str = ""
    options: tuple[tuple[str, int | str], ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()
    averages: bool = False

    def of(self, **options: int | str) -> "Layout":
        """This layout of the files of networks with `options`, and of no others."""
        return replace(self, options=tuple(options.items()))

    def rename(self, name: str) -> str:
        """The name in a file of this layout, or an expression, for the weight that we call `name`.

        Names of inner wrappers are not in it.
        """
        name = _apply(self.rules, without_inner_wrappers(name.removeprefix(self.own_prefix)))
        if name.startswith(FILE_CLASSIFIER):
            return self.prefix + self.classifier + name.removeprefix(FILE_CLASSIFIER)
        return put_before(self.prefix + self.body, name)

    def ignores(self, name: str) -> bool:
        """Whether a file's weight belongs to a part that this network does not have."""
        return self.ignored is not None and re.search(self.ignored, name) is not None

    def fixed_tensors(self, model: "nn.Module") -> "dict[str, Tensor]":
        """The tensors that `model` computes, by their names in the file."""
        return {
            self.prefix + theirs: attrgetter(self.own_prefix + ours)(model)
            for theirs, ours in self.fixed
        }

    def name_of_copy(self, name: str) -> str:
        """The name of the copy of a file's weight where MMAction2 averages over the training.

        The weight itself is the average.
        """
        return f"{self.prefix}ema_{name.removeprefix(self.prefix).replace('.', '_')}"

    def wrap(self) -> "list[Layout]":
        """This layout inside each of the authors' video wrappers."""
        if CLASSIFIER not in self.rules:
            return [self]
        return [replace(self, body=body, classifier=name) for body, name in WRAPPERS]


OURS = Layout()
RESNET_3D = Layout(RESNET)
INCEPTION_3D = Layout(INCEPTION, INCEPTION_AUXILIARY)


@lru_cache(maxsize=2**14)  # the wrappers and prefixes of a layout share the names before them
def _apply(rules: tuple[Rule, ...], name: str) -> str:
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name


def best_layout(
    layouts: Iterable[Layout], ours: Iterable[str], theirs: Mapping[str, object]
) -> Layout:
    """The layout in which most of our names are in the file.

    Candidates are `layouts` in every wrapper and our own layout, with and without the prefixes of
    either side.
    """
    names = tuple(ours)
    candidates = [OURS, *(wrapped for layout in layouts for wrapped in layout.wrap())]
    candidates = [
        replace(layout, prefix=prefix, own_prefix=own_prefix)
        for own_prefix in prefixes(names)
        for prefix in prefixes(theirs)
        for layout in candidates
    ]

    def fit(layout: Layout) -> int:
        return sum(all(s in theirs for s in sources(layout.rename(name))) for name in names)

    return max(candidates, key=fit)


def prefixes(names: Iterable[str]) -> list[str]:
    """What wrappers may have put before `names`, the shortest first; "" is among them."""
    found = {""}
    for name in names:
        whole = _WRAPPED.match(name)
        parts = whole[0].split(".")[:-1] if whole else []
        found |= {"".join(f"{part}." for part in parts[:n]) for n in range(1, len(parts) + 1)}
    return sorted(found, key=len)


def without_inner_wrappers(name: str) -> str:
    """`name` as it is without wrappers of parts of the network."""
    return INNER_WRAPPER.sub("", name)


def foreign_part(names: Iterable[str]) -> str | None:
    """The part of a file's network that no network of ours has, in words; None for none."""
    listed = list(names)
    for part, pattern in FOREIGN_PARTS:
        if any(re.search(pattern, name) for name in listed):
            return part
    return None


def library_of(names: Iterable[str]) -> str | None:
    """The library whose names a file has; None for an unknown one."""
    listed = [_WRAPPED.sub("", name, count=1) if _WRAPPED.match(name) else name for name in names]
    for library, patterns in LIBRARIES:
        if all(any(re.search(pattern, name) for name in listed) for pattern in patterns):
            return library
    return None
