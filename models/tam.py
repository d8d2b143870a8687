"""TAM: a TSN whose residual blocks, or Inception modules, aggregate neighbouring frames.

The temporal aggregation module computes y_t = relu(sum_k w_k * x_{t+k}) for k = -1, 0, 1 (window
3), with one weight per channel for each k, and zero beyond the clip's ends. It stands at the entry
of each residual branch (models/resnet.py, models/torchvision_image.py), or behind each convolution
of the stem and each module of an Inception-v1 (models/inception.py). Frames are (N*T) x C x H x W.
Source: Fan et al., NeurIPS 2019.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.clip import unfold_frames
from models.formulation import FORMULATIONS
from models.operators.aggregation import aggregate_frames
from models.registry import FRAMES, register
from models.temporal import POOLINGS
from models.torchvision_image import RESIDUAL
from models.tsn import LAYOUTS, OWN_BACKBONES, TSN, build_tsn
from models.widths import WIDTHS

WINDOWS = (3, 5, 7)  # of the paper


class Taps(NamedTuple):
    """The weights of neighbouring frames, C each: `weights[i]` is for frame t + `first` + i."""

    first: int
    weights: list[Tensor]


def aggregate(x: Tensor, taps: Sequence[Taps], frames: int, stride: int = 1) -> list[Tensor]:
    """Apply `aggregate_frames` to `x`, once for each of `taps`."""
    weight = torch.stack([torch.stack(each.weights) for each in taps])  # M x K x C
    # Under autocast, weights take the type of x.
    results = aggregate_frames(x, weight.to(x.dtype), frames, stride, [each.first for each in taps])
    return [*results]  # torch.compile does not allow the operator's own list to be emptied


class Aggregation(nn.Module):
    """The weights of a TAM over clips of `frames`; subclasses differ in their input and output.

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
        """The number of frames that the window sees on either side."""
        return len(self.weights) // 2

    def taps(self, at: int = 0) -> Taps:
        """The weights for an output whose frame t is computed around frame t + `at` of the input.

        With a stride, t counts in steps of it.
        """
        return Taps(at - self.reach, [weight.flatten() for weight in self.weights])


class TemporalAggregation(Aggregation):
    """A TAM in one operator, which allocates nothing but its result."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (N*T) x C x H x W to the same shape."""
        (result,) = aggregate(x, [self.taps()], self.frames)
        return result


class PublishedAggregation(Aggregation):
    """A TAM as its authors compute it: a scaled copy of the frames for each k, and their stack."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (N*T) x C x H x W to the same shape."""
        scale = partial(functional.conv2d, x, groups=x.shape[1])
        copies = [
            _delay(unfold_frames(scale(weight), self.frames), self.reach - position)
            for position, weight in enumerate(self.weights)
        ]  # window of N x T x C x H x W
        return torch.stack(copies).sum(dim=0).relu_().flatten(0, 1)  # (N*T) x C x H x W


def _delay(x: Tensor, steps: int) -> Tensor:
    """N x T x C x H x W, `steps` frames later; frames from beyond the clip's ends are zero."""
    if steps == 0:
        return x
    before, after = max(steps, 0), max(-steps, 0)
    padded = functional.pad(x, (0, 0, 0, 0, 0, 0, before, after))  # N x (T+|steps|) x C x H x W
    return padded[:, after : after + x.shape[1]]  # N x T x C x H x W


AGGREGATIONS = {"efficient": TemporalAggregation, "published": PublishedAggregation}


@register(
    group=FRAMES,
    depths=OWN_BACKBONES,
    source="Fan et al., More Is Less, NeurIPS 2019",
    choices={
        "backbone": (*OWN_BACKBONES, *RESIDUAL),
        "window": WINDOWS,
        "temporal_pooling": POOLINGS,
        "width": WIDTHS,
        "formulation": FORMULATIONS,
    },
    layouts=LAYOUTS,
)
def tam(
    *,
    num_classes: int,
    frames: int,
    depth: int | None,
    backbone: str = "resnet",
    window: int = 3,
    temporal_pooling: str = "none",
    width: float = 1.0,
    formulation: str = "efficient",
) -> TSN:
    """A TSN with temporal aggregation modules throughout its image network."""
    return build_tsn(
        backbone,
        depth,
        lambda channels, frames: AGGREGATIONS[formulation](channels, frames, window),
        num_classes=num_classes,
        frames=frames,
        temporal_pooling=temporal_pooling,
        width=width,
        formulation=formulation,
    )
