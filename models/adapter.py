"""Between a clip, N x C x T x H x W, and a network that takes another input or returns more.

The adapter is a pair of hooks, so that the modules and weights of the network keep their names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from models.errors import NetworkError
from models.input_forms import CLIP, FORMS, INPUT, OUTPUT
from models.logits import find_logits
from models.registry import did_you_mean
from models.wrappers import initialise_lazy, look_through


@dataclass(frozen=True)
class Adapter:
    """The form of the input of the network `name`, and where its `num_classes` logits are.

    `output` is "" for the usual names. Raises `NetworkError` for an unknown form.
    """

    name: str
    num_classes: int
    form: str = CLIP
    output: str = ""

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            near = did_you_mean(self.form, FORMS)
            raise NetworkError(
                f"there is no input form {self.form!r}{near}: choose one of {', '.join(FORMS)}"
            )

    def adapt(self, model: nn.Module, clip_shape: tuple[int, ...]) -> nn.Module:
        """The network in `model`, without wrappers: from now on it maps clips to logits.

        Its lazy modules have the sizes for clips of `clip_shape`, (N, C, T, H, W).
        """
        model = look_through(model)
        # Scripted networks have these methods switched off, but run such hooks.
        if self.form != CLIP:
            nn.Module.register_forward_pre_hook(model, self._give)
            if FORMS[self.form].frames_first:
                model.frames_first = True  # type: ignore[assignment]  # as our own networks say it
        nn.Module.register_forward_hook(model, self._take)
        initialise_lazy(model, clip_shape)
        return model

    def _give(self, model: nn.Module, args: tuple[Tensor]) -> tuple[object]:
        """The input of the network, made of a clip of N x C x T x H x W."""
        return (FORMS[self.form].convert(args[0]),)

    def _take(self, model: nn.Module, args: object, answer: Any) -> Tensor:
        """The logits, N x classes, of what the network returns."""
        try:
            return find_logits(answer, self.num_classes, self.output)[0]
        except NetworkError as error:
            when = " in training" if model.training else ""
            raise NetworkError(f"{self.name}{when} {error}") from error


def make_adapter(name: str, num_classes: int, options: Mapping[str, object]) -> Adapter:
    """The adapter that `options` of a point ask for."""
    return Adapter(name, num_classes, str(options.get(INPUT, CLIP)), str(options.get(OUTPUT, "")))
