"""Temporal modules: what lets a 2D network see beyond one frame.

Each maps (N*T) x C x H x W to the same shape and is built for one number of frames T.
"""

from collections.abc import Callable

from torch import Tensor, nn

from models.clip import unfold_frames
from models.operators.shift import shift_frames

TemporalBuilder = Callable[[int, int], nn.Module]  # (channels, frames) -> temporal module


def no_temporal(channels: int, frames: int | None = None) -> nn.Module:
    """What a network without temporal modules has in their place."""
    return nn.Identity()


POOLINGS = ("none", "max")
STAGES = 4


def frames_by_stage(frames: int, temporal_pooling: str) -> tuple[int, ...]:
    """How many of `frames` each of a ResNet's four stages sees.

    "max" halves them, rounding up, after stages 1, 2 and 3; "none" keeps them.
    """
    counts = [frames]
    while len(counts) < STAGES:
        counts.append(counts[-1] if temporal_pooling == "none" else (counts[-1] + 1) // 2)
    return tuple(counts)


class TemporalMaxPool(nn.Module):
    """The maximum of three neighbouring frames at every second one: T becomes ceil(T / 2)."""

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.frames = frames
        self.pool = nn.MaxPool3d((3, 1, 1), stride=(2, 1, 1), padding=(1, 0, 0))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N*T) x C x H x W to (N*ceil(T/2)) x C x H x W."""
        clip = unfold_frames(x, self.frames).transpose(1, 2)  # N x C x T x H x W
        return self.pool(clip).transpose(1, 2).flatten(0, 1)  # (N*T') x C x H x W


class TemporalShift(nn.Module):
    """TSM: an eighth of the channels comes from the next frame, an eighth from the previous one.

    Zero beyond the clip's ends; the other channels stay. Source: Lin et al., ICCV 2019.
    """

    SHARE = 8

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.frames = frames

    def forward(self, x: Tensor) -> Tensor:
        """Map (N*T) x C x H x W to the same shape."""
        return shift_frames(x, self.frames, x.shape[1] // self.SHARE, 1)
