"""ResNets with time as a third axis: clips are N x 3 x T x H x W.

What tells one from another is its `Design`. Layers have the names of the ResNets over frames
(models/resnet.py).
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from models.chain import Chain
from models.clip import check_clip
from models.formulation import EFFICIENT, save_memory
from models.head import ConsensusHead
from models.initialise import initialise
from models.norm import BatchNorm3d
from models.resnet import (
    STAGE_WIDTHS,
    STEM_WIDTH,
    BlockParts,
    Convolution,
    Layers,
    build_stage,
)
from models.temporal import no_temporal
from models.widths import scale_channels

Triple = tuple[int, int, int]  # in time, height and width
Parts3d = BlockParts[Triple]
UNIT: Triple = (1, 1, 1)
HALVE_SPACE: Triple = (1, 2, 2)
SPATIAL_STRIDES = (UNIT, HALVE_SPACE, HALVE_SPACE, HALVE_SPACE)
ALL_STRIDES = (UNIT, (2, 2, 2), (2, 2, 2), (2, 2, 2))


def convolution3d(
    kernel: Triple, inputs: int, outputs: int, stride: Triple = UNIT, *, groups: int = 1
) -> nn.Conv3d:
    """A convolution without bias; only `stride` changes the size."""
    time, height, width = kernel
    padding = (time // 2, height // 2, width // 2)
    return nn.Conv3d(
        inputs, outputs, kernel, stride=stride, padding=padding, groups=groups, bias=False
    )


def normed(kernel: Triple) -> Convolution[Triple]:
    """A builder of layer `number` of a block: a convolution of `kernel` and its batch norm."""

    def build(number: int, inputs: int, outputs: int, stride: Triple) -> Layers:
        return {
            f"conv{number}": convolution3d(kernel, inputs, outputs, stride),
            f"bn{number}": BatchNorm3d(outputs),
        }

    return build


def parts3d(spatial: Convolution[Triple], entry: Triple = UNIT) -> Parts3d:
    """Blocks with `spatial` in the place of the 3x3 convolution and a first kernel of `entry`."""
    return BlockParts(entry=normed(entry), spatial=spatial, pointwise=normed(UNIT), unit=UNIT)


def convolved_stem(kernel: Triple, channels: int, *, time_stride: int = 1) -> Chain:
    """A convolution to `channels` that halves height and width, its norm and a ReLU."""
    return Chain(
        OrderedDict(
            conv1=convolution3d(kernel, 3, channels, (time_stride, 2, 2)),
            bn1=BatchNorm3d(channels),
            relu=nn.ReLU(inplace=True),
        )
    )


def pooled_stem(kernel: Triple, channels: int, *, time_stride: int = 1) -> Chain:
    """A `convolved_stem` and a max-pool that halves height and width again.

    Both have the stride `time_stride` in time.
    """
    stem = convolved_stem(kernel, channels, time_stride=time_stride)
    pool = nn.MaxPool3d((1, 3, 3), stride=(time_stride, 2, 2), padding=(0, 1, 1))
    stem.add_module("maxpool", pool)
    return stem


def step_means(features: Tensor) -> Tensor:
    """The mean over space at each time step: N x C x T x H x W becomes (N*T) x C."""
    return features.mean(dim=(3, 4)).transpose(1, 2).flatten(0, 1)


def clip_means(features: Tensor) -> Tensor:
    """The mean over time and space: N x C x T x H x W becomes N x C."""
    return features.mean(dim=(2, 3, 4))


@dataclass(frozen=True)
class Design:
    """What tells one ResNet over clips from another.

    - `stem`: builds the layers before stage 1, for a number of channels
    - `parts`: the parts of the blocks, by the positions of the stage and of the block in it
    - `strides`: those of each stage's first block
    - `means`: the features that are classified, `step_means` or `clip_means`
    - `temporal`: builds the module at the entry of each residual branch, for its channels
    """

    stem: Callable[[int], Chain]
    parts: Callable[[int, int], Parts3d]
    strides: Sequence[Triple] = SPATIAL_STRIDES
    means: Callable[[Tensor], Tensor] = clip_means
    temporal: Callable[[int], nn.Module] = no_temporal


def inflated(
    spatial: Convolution[Triple],
    temporal_pooling: str,
    temporal: Callable[[int], nn.Module] = no_temporal,
) -> Design:
    """The design of an inflated ResNet, which classifies each of its last time steps.

    With `temporal_pooling="max"` stages 2 to 4 halve the time axis, else T stays.
    """
    parts = parts3d(spatial)
    return Design(
        stem=partial(pooled_stem, (3, 7, 7)),
        parts=lambda stage, block: parts,
        strides=SPATIAL_STRIDES if temporal_pooling == "none" else ALL_STRIDES,
        means=step_means,
        temporal=temporal,
    )


class ResNet3D(nn.Module):
    """A ResNet of `depth` layers over clips of `frames`, and its classifier."""

    def __init__(
        self,
        depth: int,
        design: Design,
        *,
        num_classes: int,
        frames: int,
        width: float,
        formulation: str,
    ) -> None:
        super().__init__()
        self.frames = frames
        self.means = design.means
        channels = scale_channels(STEM_WIDTH, width)
        self.stem = design.stem(channels)
        self.stages = nn.ModuleList()
        for position, planes in enumerate(STAGE_WIDTHS):
            stage, channels = build_stage(
                depth,
                position,
                channels,
                scale_channels(planes, width),
                design.strides[position],
                partial(design.parts, position),
                lambda number, inputs: design.temporal(inputs),
            )
            self.stages.append(stage)
        initialise(self)
        self.head = ConsensusHead(channels, num_classes)
        if formulation == EFFICIENT:
            save_memory(self)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        features = [self.stem([clip])]  # N x 64 x T x H/4 x W/4
        for stage in self.stages:
            features = [stage(features)]  # after the last: N x C x T' x H/32 x W/32
        return self.head(self.means(features.pop()), clip.shape[0])


def pool_pairs(network: ResNet3D) -> None:
    """Halve the time steps after stage 1, by the maximum of each pair, in place."""
    pool = nn.MaxPool3d((2, 1, 1), stride=(2, 1, 1), ceil_mode=True)
    network.stages[0].add_module("pool", pool)
