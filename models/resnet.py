"""ResNets for video: over the frames of a clip, or with time as a third axis.

`ResNet2D` takes frames, (N*T) x 3 x H x W, `ResNet3D` clips, N x 3 x T x H x W. Source: He et al.,
CVPR 2016, as in torchvision: the stride is on the 3x3 convolution, and layers have its names.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from torch import Tensor, nn

from models.chain import Chain
from models.clip import check_clip
from models.formulation import EFFICIENT, save_memory
from models.head import ConsensusHead
from models.initialise import initialise
from models.norm import BatchNorm2d, BatchNorm3d
from models.temporal import TemporalBuilder, TemporalMaxPool, frames_by_stage, no_temporal
from models.widths import scale_channels

STEM_WIDTH = 64
STAGE_WIDTHS = (64, 128, 256, 512)
STAGE_STRIDES = (1, 2, 2, 2)
BLOCKS = {  # depth -> blocks of each stage
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
DEPTHS = tuple(BLOCKS)
BOTTLENECKS_FROM = 50  # the smallest depth whose blocks are bottlenecks
EXPANSION = 4  # of a bottleneck

Layers = dict[str, nn.Module]  # by torchvision's names
Stride = TypeVar("Stride")
Stride3d = tuple[int, int, int]  # in time, height and width
UNIT_3D: Stride3d = (1, 1, 1)


def convolution2d(kernel: int, number: int, inputs: int, outputs: int, stride: int = 1) -> Layers:
    """Layer `number` of a block: a convolution with `stride`, and its batch norm."""
    return {
        f"conv{number}": nn.Conv2d(
            inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False
        ),
        f"bn{number}": BatchNorm2d(outputs),
    }


def pointwise3d(number: int, inputs: int, outputs: int, stride: Stride3d) -> Layers:
    """Layer `number` of a block: a 1x1x1 convolution with `stride`, and its batch norm."""
    return {
        f"conv{number}": nn.Conv3d(inputs, outputs, 1, stride=stride, bias=False),
        f"bn{number}": BatchNorm3d(outputs),
    }


class ResidualBlock(nn.Module):
    """relu(residual(temporal(x)) + downsample(x)): the shortcut bypasses the temporal module."""

    def __init__(self, residual: Layers, downsample: Layers, temporal: nn.Module) -> None:
        super().__init__()
        self.temporal = temporal
        self.residual = Chain(OrderedDict(residual))
        self.downsample = nn.Sequential(*downsample.values()) if downsample else nn.Identity()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map N x inputs x ... to N x outputs x ...; the strides shorten the other axes."""
        out = self.residual([self.temporal(x)])
        out += self.downsample(x)
        return self.relu(out)


@dataclass(frozen=True)
class BlockParts(Generic[Stride]):
    """The convolutions that residual blocks are made of, in two or in three dimensions.

    `pointwise` and `spatial` build layer `number` of a block, (number, inputs, outputs, stride):
    the 1x1 convolution and the 3x3 one, with their norms. `unit` is the stride of 1.
    """

    pointwise: Callable[[int, int, int, Stride], Layers]
    spatial: Callable[[int, int, int, Stride], Layers]
    unit: Stride

    def basic(self, inputs: int, width: int, stride: Stride) -> Layers:
        """Two 3x3 convolutions, to `width` channels."""
        return {
            **self.spatial(1, inputs, width, stride),
            "relu1": nn.ReLU(inplace=True),
            **self.spatial(2, width, width, self.unit),
        }

    def bottleneck(self, inputs: int, width: int, stride: Stride) -> Layers:
        """A 3x3 convolution between two of 1x1, to 4 * `width` channels."""
        return {
            **self.pointwise(1, inputs, width, self.unit),
            "relu1": nn.ReLU(inplace=True),
            **self.spatial(2, width, width, stride),
            "relu2": nn.ReLU(inplace=True),
            **self.pointwise(3, width, EXPANSION * width, self.unit),
        }

    def stage(
        self,
        depth: int,
        position: int,
        inputs: int,
        width: int,
        stride: Stride,
        temporal: Callable[[int, int], nn.Module],
    ) -> tuple[Chain, int]:
        """Stage `position` of a ResNet of `depth` layers, and the channels of its output.

        `temporal(number, channels)` builds the module at the entry of block `number`'s residual
        branch.
        """
        layers, outputs = self.basic, width
        if depth >= BOTTLENECKS_FROM:
            layers, outputs = self.bottleneck, EXPANSION * width
        blocks = Chain()
        for number in range(BLOCKS[depth][position]):
            residual = layers(inputs, width, stride)
            is_identity = stride == self.unit and inputs == outputs
            shortcut = {} if is_identity else self.pointwise(1, inputs, outputs, stride)
            blocks.append(ResidualBlock(residual, shortcut, temporal(number, inputs)))
            inputs, stride = outputs, self.unit
        return blocks, outputs


PARTS_2D = BlockParts(partial(convolution2d, 1), partial(convolution2d, 3), unit=1)


class ResNet2D(nn.Module):
    """A ResNet of `depth` layers over clips of `frames`, without its classifier.

    `temporal(channels, frames)` builds the module at the entry of a residual branch, in every
    `every`-th block of a stage, beginning with its first. With `temporal_pooling="max"` a pool
    halves the frames after each of stages 1 to 3. The output has `features` channels.
    """

    def __init__(
        self,
        depth: int,
        temporal: TemporalBuilder,
        *,
        frames: int,
        temporal_pooling: str,
        width: float,
        every: int = 1,
    ) -> None:
        super().__init__()
        channels = scale_channels(STEM_WIDTH, width)
        self.stem = Chain(
            OrderedDict(
                **convolution2d(7, 1, 3, channels, stride=2),
                relu=nn.ReLU(inplace=True),
                maxpool=nn.MaxPool2d(3, stride=2, padding=1),
            )
        )

        def entry(stage_frames: int, number: int, inputs: int) -> nn.Module:
            return temporal(inputs, stage_frames) if number % every == 0 else no_temporal(inputs)

        counts = frames_by_stage(frames, temporal_pooling)
        self.stages, self.temporal_pools = nn.ModuleList(), nn.ModuleList()
        for position, count in enumerate(counts):
            planes, stride = scale_channels(STAGE_WIDTHS[position], width), STAGE_STRIDES[position]
            stage, channels = PARTS_2D.stage(
                depth, position, channels, planes, stride, partial(entry, count)
            )
            self.stages.append(stage)
            halves = count > counts[min(position + 1, len(counts) - 1)]
            self.temporal_pools.append(TemporalMaxPool(count) if halves else nn.Identity())
        self.features = channels
        initialise(self)

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Map [(N*T) x 3 x H x W] to (N*T') x features, with T' the frames that pooling leaves.

        Empties the list.
        """
        features = [self.stem(inputs)]  # (N*T) x 64 x H/4 x W/4
        for stage, pool in zip(self.stages, self.temporal_pools, strict=True):
            features = [pool(stage(features))]  # after the last: (N*T') x features x H/32 x W/32
        return features.pop().mean(dim=(2, 3))  # (N*T') x features


class ResNet3D(nn.Module):
    """A ResNet of `depth` layers over a clip, with a classifier for each of its last time steps.

    `spatiotemporal(number, inputs, outputs, stride)` builds the convolution in the place of a 3x3,
    `temporal(channels)` the module at the entry of every residual branch. With
    `temporal_pooling="max"` stages 2 to 4 halve the time axis by the strides of their first block,
    else T stays.
    """

    def __init__(
        self,
        depth: int,
        spatiotemporal: Callable[[int, int, int, Stride3d], Layers],
        *,
        num_classes: int,
        frames: int,
        temporal_pooling: str,
        width: float,
        formulation: str,
        temporal: Callable[[int], nn.Module] = no_temporal,
    ) -> None:
        super().__init__()
        self.frames = frames
        parts = BlockParts(pointwise3d, spatiotemporal, UNIT_3D)
        channels = scale_channels(STEM_WIDTH, width)
        self.stem = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv3d(
                    3, channels, (3, 7, 7), stride=(1, 2, 2), padding=(1, 3, 3), bias=False
                ),
                bn1=BatchNorm3d(channels),
                relu=nn.ReLU(inplace=True),
                maxpool=nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1)),
            )
        )
        time_stride = 1 if temporal_pooling == "none" else 2
        self.stages = nn.ModuleList()
        for position, planes in enumerate(STAGE_WIDTHS):
            stage, channels = parts.stage(
                depth,
                position,
                channels,
                scale_channels(planes, width),
                (time_stride, 2, 2) if position else UNIT_3D,
                lambda number, inputs: temporal(inputs),
            )
            self.stages.append(stage)
        initialise(self)
        self.head = ConsensusHead(channels, num_classes)
        if formulation == EFFICIENT:
            save_memory(self)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        features = [self.stem(clip)]  # N x 64 x T x H/4 x W/4
        for stage in self.stages:
            features = [stage(features)]  # after the last: N x C x T' x H/32 x W/32
        means = features.pop().mean(dim=(3, 4)).transpose(1, 2).flatten(0, 1)  # (N*T') x C
        return self.head(means, clip.shape[0])
