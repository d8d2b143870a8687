"""The places of temporal modules in a 2D trunk, and pooling over time.

A temporal module lets a 2D trunk see beyond one frame: TSM's (models/tsm.py), TAM's
(models/tam.py). It maps (N*T) x C x H x W to the same shape and is built for one T.
"""

from collections.abc import Callable

from torch import Tensor, nn

from models.clip import unfold_frames

TemporalBuilder = Callable[[int, int], nn.Module]  # (channels, frames) -> temporal module
POOLINGS = ("none", "max")
STAGES = 4  # of every trunk; pooling stands between them


def no_temporal(channels: int, frames: int | None = None) -> nn.Module:
    """The identity, in the place of a temporal module."""
    return nn.Identity()


def frames_by_stage(frames: int, temporal_pooling: str) -> tuple[int, ...]:
    """The number of frames in each of a trunk's four stages, of `frames` in the clip.

    "max" halves them, rounding up, after each of the first three stages; "none" keeps them.
    """
    counts = [frames]
    while len(counts) < STAGES:
        counts.append(counts[-1] if temporal_pooling == "none" else (counts[-1] + 1) // 2)
    return tuple(counts)


class TemporalMaxPool(nn.Module):
    """The maximum over three neighbouring frames, at every second frame: T becomes ceil(T / 2)."""

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.frames = frames
        self.pool = nn.MaxPool3d((3, 1, 1), stride=(2, 1, 1), padding=(1, 0, 0))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N*T) x C x H x W to (N*ceil(T/2)) x C x H x W."""
        clip = unfold_frames(x, self.frames).transpose(1, 2)  # N x C x T x H x W
        return self.pool(clip).transpose(1, 2).flatten(0, 1)  # (N*T') x C x H x W
