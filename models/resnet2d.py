"""A ResNet over the frames of a clip, (N*T) x 3 x H x W, with room for a temporal module a block.

Source: He et al., CVPR 2016, as in torchvision (the stride on the 3x3); layers have its names.
"""

from collections import OrderedDict

from torch import Tensor, nn

from models.initialise import initialise
from models.temporal import TemporalBuilder, TemporalMaxPool, frames_by_stage, no_temporal
from models.widths import scaled

STEM_WIDTH = 64
STAGE_WIDTHS = (64, 128, 256, 512)
STAGE_STRIDES = (1, 2, 2, 2)
BOTTLENECK_EXPANSION = 4
BOTTLENECKS_FROM = 50  # the depth from which on blocks are bottlenecks
BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
DEPTHS = tuple(BLOCKS)


def convolution(
    number: int, inputs: int, outputs: int, kernel: int, stride: int = 1
) -> dict[str, nn.Module]:
    """Layer `number` of a block: a convolution with `stride`, and its batch norm."""
    return {
        f"conv{number}": nn.Conv2d(
            inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False
        ),
        f"bn{number}": nn.BatchNorm2d(outputs),
    }


class ResidualBlock(nn.Module):
    """relu(residual(temporal(x)) + shortcut(x)): the shortcut is before any temporal module."""

    def __init__(
        self,
        residual: dict[str, nn.Module],
        temporal: nn.Module,
        *,
        inputs: int,
        outputs: int,
        stride: int,
    ) -> None:
        super().__init__()
        self.temporal = temporal
        self.residual = nn.Sequential(OrderedDict(residual))
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(*convolution(1, inputs, outputs, 1, stride).values())
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N*T) x inputs x H x W to (N*T) x outputs x H/stride x W/stride."""
        out = self.residual(self.temporal(x))
        out += self.downsample(x)
        return self.relu(out)


def basic_block(inputs: int, width: int, stride: int, temporal: nn.Module) -> ResidualBlock:
    """Two 3x3 convolutions, to `width` channels."""
    residual = {
        **convolution(1, inputs, width, 3, stride),
        "relu1": nn.ReLU(inplace=True),
        **convolution(2, width, width, 3),
    }
    return ResidualBlock(residual, temporal, inputs=inputs, outputs=width, stride=stride)


def bottleneck(inputs: int, width: int, stride: int, temporal: nn.Module) -> ResidualBlock:
    """A 3x3 convolution between two of 1x1, to 4 * `width` channels."""
    outputs = BOTTLENECK_EXPANSION * width
    residual = {
        **convolution(1, inputs, width, 1),
        "relu1": nn.ReLU(inplace=True),
        **convolution(2, width, width, 3, stride),
        "relu2": nn.ReLU(inplace=True),
        **convolution(3, width, outputs, 1),
    }
    return ResidualBlock(residual, temporal, inputs=inputs, outputs=outputs, stride=stride)


class ResNet2D(nn.Module):
    """A ResNet of `depth` layers without its classifier, over clips of `frames`.

    `temporal(channels, frames)` builds what stands before the first convolution of the residual
    branch, in one of `every` blocks of a stage, starting with its first. With
    `temporal_pooling="max"` the frames are halved after stages 1 to 3. Every frame that is left
    ends as `features` numbers.
    """

    def __init__(
        self,
        depth: int,
        temporal: TemporalBuilder,
        *,
        frames: int,
        temporal_pooling: str = "none",
        width: float = 1.0,
        every: int = 1,
    ) -> None:
        super().__init__()
        block, expansion = basic_block, 1
        if depth >= BOTTLENECKS_FROM:
            block, expansion = bottleneck, BOTTLENECK_EXPANSION
        channels = scaled(STEM_WIDTH, width)
        self.stem = nn.Sequential(
            OrderedDict(
                **convolution(1, 3, channels, 7, stride=2),
                relu=nn.ReLU(inplace=True),
                maxpool=nn.MaxPool2d(3, stride=2, padding=1),
            )
        )
        counts = frames_by_stage(frames, temporal_pooling)
        self.stages, self.temporal_pools = nn.ModuleList(), nn.ModuleList()
        for position, blocks in enumerate(BLOCKS[depth]):
            count, stride = counts[position], STAGE_STRIDES[position]
            planes = scaled(STAGE_WIDTHS[position], width)
            layers = []
            for number in range(blocks):
                build = temporal if number % every == 0 else no_temporal
                layers.append(block(channels, planes, stride, build(channels, count)))
                channels, stride = expansion * planes, 1
            self.stages.append(nn.Sequential(*layers))
            halves = count > counts[min(position + 1, 3)]
            self.temporal_pools.append(TemporalMaxPool(count) if halves else nn.Identity())
        self.features = channels
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N*T) x 3 x H x W to (N*T') x features."""
        x = self.stem(x)  # (N*T) x 64 x H/4 x W/4
        for stage, pool in zip(self.stages, self.temporal_pools, strict=True):
            x = pool(stage(x))
        return x.mean(dim=(2, 3))  # (N*T') x features
