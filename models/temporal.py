"""Temporal modules: what lets a 2D network see beyond one frame.

Each maps (N*T) x C x H x W to the same shape and is built for one number of frames T.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.clip import unfold_frames

TemporalBuilder = Callable[[int, int], nn.Module]  # (channels, frames) -> temporal module


def no_temporal(channels: int, frames: int | None = None) -> nn.Module:
    """What a network without temporal modules has in their place."""
    return nn.Identity()


class TemporalAggregation(nn.Module):
    """TAM: y_t = relu(sum_k w_k * x_{t+k}), one weight per channel, zero beyond the clip's ends.

    `weights` holds the depthwise 1x1 convolutions, C x 1 x 1 x 1 each, in order of k from
    -(window // 2). Computed as by its authors, with a scaled copy of the input for each k and a
    stack of the copies. Source: Fan et al., NeurIPS 2019.
    """

    def __init__(self, channels: int, frames: int, window: int = 3) -> None:
        super().__init__()
        self.frames = frames
        self.weights = nn.ParameterList(torch.empty(channels, 1, 1, 1) for _ in range(window))
        for weight in self.weights:
            nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N*T) x C x H x W to the same shape."""
        reach = len(self.weights) // 2
        scale = partial(functional.conv2d, x, groups=x.shape[1])
        copies = [
            _delay(unfold_frames(scale(weight), self.frames), reach - position)
            for position, weight in enumerate(self.weights)
        ]  # window of N x T x C x H x W
        return self.activation(torch.stack(copies).sum(dim=0)).flatten(0, 1)  # (N*T) x C x H x W


def _delay(x: Tensor, steps: int) -> Tensor:
    """Frame t of the result is frame t - `steps` of N x T x C x H x W, or zero beyond its ends."""
    if steps == 0:
        return x
    before, after = max(steps, 0), max(-steps, 0)
    padded = functional.pad(x, (0, 0, 0, 0, 0, 0, before, after))  # N x (T+|steps|) x C x H x W
    return padded[:, after : after + x.shape[1]]  # N x T x C x H x W


class TemporalAggregation3d(nn.Sequential):
    """A TAM for networks that keep time as an axis: maps N x C x T x H x W to the same shape.

    A depthwise convolution along time, zero beyond the clip's ends, and a ReLU.
    """

    def __init__(self, channels: int, window: int = 3) -> None:
        super().__init__(
            nn.Conv3d(
                channels,
                channels,
                (window, 1, 1),
                padding=(window // 2, 0, 0),
                groups=channels,
                bias=False,
            ),
            nn.ReLU(inplace=True),
        )


POOLINGS = ("none", "max")
WINDOWS = (3, 5, 7)  # of a TAM, in the paper
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
        clip = unfold_frames(x, self.frames)  # N x T x C x H x W
        eighth = clip.shape[2] // self.SHARE
        ahead, behind = slice(eighth), slice(eighth, 2 * eighth)
        stay = slice(2 * eighth, None)
        shifted = torch.zeros_like(clip)
        shifted[:, :-1, ahead] = clip[:, 1:, ahead]
        shifted[:, 1:, behind] = clip[:, :-1, behind]
        shifted[:, :, stay] = clip[:, :, stay]
        return shifted.flatten(0, 1)  # (N*T) x C x H x W
