"""The forms in which networks take a clip. That of this project is N x C x T x H x W."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from models.errors import ClipError

if TYPE_CHECKING:
    from torch import Tensor

CLIP = "clip"
# Among the options of a point: the form of the input, and where the logits are in what the network
# returns. No parameter of a factory has such a name.
INPUT, OUTPUT = FORM_OPTIONS = ("--input", "--output")


@dataclass(frozen=True)
class InputForm:
    """A form of a network's input: what it is, and how a clip of N x C x T x H x W becomes it.

    With `frames_first`, a clip that is stored frame by frame becomes it without a copy.
    """

    meaning: str
    convert: "Callable[[Tensor], object]"
    frames_first: bool = False


def _pathways(clip: "Tensor", ratio: int) -> "list[Tensor]":
    """SlowFast's input: one frame of every `ratio`, spread from the first to the last; and all."""
    import torch

    from models.slowfast import slow_frames

    frames = clip.shape[2]
    if frames < ratio:
        raise ClipError(f"a slow pathway of every {ratio}th frame needs {ratio} frames")
    chosen = slow_frames(frames, frames // ratio)
    return [torch.stack([clip[:, :, t] for t in chosen], dim=2), clip]


FORMS = {
    CLIP: InputForm("N x C x T x H x W", lambda clip: clip),
    "time_first": InputForm("N x T x C x H x W", lambda clip: clip.transpose(1, 2), True),
    "folded": InputForm("(N*T) x C x H x W", lambda clip: clip.transpose(1, 2).flatten(0, 1), True),
    "stacked": InputForm(
        "N x (T*C) x H x W", lambda clip: clip.transpose(1, 2).flatten(1, 2), True
    ),
    "list": InputForm("a list of one clip", lambda clip: [clip]),
    **{
        f"pathways_{ratio}": InputForm(
            f"a list of two clips, one of a frame in {ratio} and one of all frames",
            partial(_pathways, ratio=ratio),
        )
        for ratio in (4, 8)
    },
}
