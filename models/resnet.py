"""ResNets over the frames of a clip, and the parts that they share with models/resnet3d.py.

Source: He et al., CVPR 2016, as in torchvision: the stride is on the 3x3 convolution, and layers
have its names.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from torch import Tensor, nn

from models.chain import Chain
from models.initialise import initialise
from models.norm import BatchNorm2d
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
Convolution = Callable[[int, int, int, Stride], Layers]  # (number, inputs, outputs, stride)


def convolution2d(kernel: int, number: int, inputs: int, outputs: int, stride: int = 1) -> Layers:
    """Layer `number` of a block: a convolution with `stride`, and its batch norm."""
    return {
        f"conv{number}": nn.Conv2d(
            inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False
        ),
        f"bn{number}": BatchNorm2d(outputs),
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

    Each builds layer `number` of a block, (number, inputs, outputs, stride), with its norm: `entry`
    the first convolution of a bottleneck, `spatial` the 3x3 one, `pointwise` the 1x1 ones at the
    end and on the shortcut. `unit` is the stride of 1.
    """

    entry: Convolution[Stride]
    spatial: Convolution[Stride]
    pointwise: Convolution[Stride]
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
            **self.entry(1, inputs, width, self.unit),
            "relu1": nn.ReLU(inplace=True),
            **self.spatial(2, width, width, stride),
            "relu2": nn.ReLU(inplace=True),
            **self.pointwise(3, width, EXPANSION * width, self.unit),
        }

    def block(
        self, depth: int, inputs: int, width: int, stride: Stride, temporal: nn.Module
    ) -> tuple[ResidualBlock, int]:
        """A block of a ResNet of `depth` layers, and the channels of its output."""
        residual, outputs = self.basic, width
        if depth >= BOTTLENECKS_FROM:
            residual, outputs = self.bottleneck, EXPANSION * width
        is_identity = stride == self.unit and inputs == outputs
        shortcut = {} if is_identity else self.pointwise(1, inputs, outputs, stride)
        return ResidualBlock(residual(inputs, width, stride), shortcut, temporal), outputs


def build_stage(
    depth: int,
    position: int,
    inputs: int,
    width: int,
    stride: Stride,
    parts: Callable[[int], BlockParts[Stride]],
    temporal: Callable[[int, int], nn.Module],
) -> tuple[Chain, int]:
    """Stage `position` of a ResNet of `depth` layers, and the channels of its output.

    `parts(number)` are those of block `number`, `temporal(number, channels)` builds the module at
    the entry of its residual branch. `stride` is that of the first block.
    """
    blocks, channels = Chain(), inputs
    for number in range(BLOCKS[depth][position]):
        part = parts(number)
        block, outputs = part.block(
            depth, channels, width, part.unit if number else stride, temporal(number, channels)
        )
        blocks.append(block)
        channels = outputs
    return blocks, channels


PARTS_2D = BlockParts(
    entry=partial(convolution2d, 1),
    spatial=partial(convolution2d, 3),
    pointwise=partial(convolution2d, 1),
    unit=1,
)


class ResNet2D(nn.Module):
    """A ResNet of `depth` layers over clips of `frames`, without its classifier.

    `temporal(channels, frames)` builds the module at the entry of a residual branch, in every
    `every`-th block of a stage, beginning with its first. With `temporal_pooling="max"` a pool
    halves the frames after each of stages 1 to 3. Blocks are made of `parts`. The output has
    `features` channels.
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
        parts: BlockParts[int] = PARTS_2D,
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
            stage, channels = build_stage(
                depth,
                position,
                channels,
                planes,
                stride,
                lambda number: parts,
                partial(entry, count),
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
