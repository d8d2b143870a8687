"""TAM, the temporal aggregation module: y_t = relu(sum_k w_k * x_{t+k}), one weight per channel.

Zero stands beyond the clip's ends. Source: Fan et al., NeurIPS 2019.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.clip import unfold_frames
from models.operators.aggregation import aggregate_frames

WINDOWS = (3, 5, 7)  # of the paper


class Taps(NamedTuple):
    """Weights of neighbouring frames, C each; that of position i weighs frame t + `first` + i."""

    first: int
    weights: list[Tensor]

    def by_pairs(self) -> "Taps":
        """The weights of neighbouring pairs of frames, where the frames of a pair are equal."""
        pairs: dict[int, Tensor] = {}
        for frame, weight in enumerate(self.weights, start=self.first):
            pairs[frame // 2] = pairs[frame // 2] + weight if frame // 2 in pairs else weight
        return Taps(min(pairs), list(pairs.values()))


def aggregate(x: Tensor, taps: Sequence[Taps], frames: int, stride: int = 1) -> list[Tensor]:
    """`aggregate_frames` with the weights and first frames of `taps`, once for each."""
    weight = torch.stack([torch.stack(each.weights) for each in taps])  # M x K x C
    # Under autocast, weights take the type that x has.
    results = aggregate_frames(x, weight.to(x.dtype), frames, stride, [each.first for each in taps])
    return [*results]  # torch.compile lets nobody empty the operator's own list


class Aggregation(nn.Module):
    """The weights of a TAM over clips of `frames`; those below differ in what they read and return.

    `weights` holds the depthwise 1x1 convolutions, C x 1 x 1 x 1 each, in order of k from
    -(window // 2).
    """

    def __init__(self, channels: int, frames: int, window: int = 3) -> None:
        super().__init__()
        self.frames = frames
        self.weights = nn.ParameterList(torch.empty(channels, 1, 1, 1) for _ in range(window))
        for weight in self.weights:
            nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")

    @property
    def reach(self) -> int:
        """How many frames the window sees to either side."""
        return len(self.weights) // 2

    def taps(self, at: int = 0) -> Taps:
        """The weights for a result's frame t that stands for frame t + `at` of what is read."""
        return Taps(at - self.reach, [weight.flatten() for weight in self.weights])


class TemporalAggregation(Aggregation):
    """A TAM by one operator, which allocates its result and nothing else."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (N*T) x C x H x W to the same shape."""
        (result,) = aggregate(x, [self.taps()], self.frames)
        return result


class SplitAggregation(Aggregation):
    """A TAM whose result comes apart: odd frames for a big branch, even ones for a little one."""

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (N*T) x C x H x W to two of (N*T/2) x C x H x W: the big and the little input."""
        odd, even = self.taps(at=1), self.taps(at=0)
        return aggregate(x, [odd, even], self.frames, stride=2)


class PairAggregation(Aggregation):
    """A TAM over clips whose frames are equal by pairs, of which it is given one each.

    Frame 2p + k of such a clip is that of pair p + k // 2: the weights of the frames of one pair
    add up, and no frame is needed twice. The result comes apart like that of `SplitAggregation`.
    """

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (N*T/2) x C x H x W, one for each pair, to two of the same shape: big and little."""
        odd, even = self.taps(at=1), self.taps(at=0)
        return aggregate(x, [odd.by_pairs(), even.by_pairs()], self.frames // 2)


class PublishedAggregation(Aggregation):
    """A TAM computed as by its authors: a scaled copy for each k, and a stack of the copies."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (N*T) x C x H x W to the same shape."""
        scale = partial(functional.conv2d, x, groups=x.shape[1])
        copies = [
            _delay(unfold_frames(scale(weight), self.frames), self.reach - position)
            for position, weight in enumerate(self.weights)
        ]  # window of N x T x C x H x W
        return torch.stack(copies).sum(dim=0).relu_().flatten(0, 1)  # (N*T) x C x H x W


AGGREGATIONS = {"efficient": TemporalAggregation, "published": PublishedAggregation}
FORMULATIONS = tuple(AGGREGATIONS)  # of one function: the same weights, the same results


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
