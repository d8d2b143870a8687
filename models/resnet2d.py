"""A ResNet over the frames of a clip, (N*T) x 3 x H x W, with room for a temporal module a block.

Source: He et al., CVPR 2016, as in torchvision (the stride on the 3x3); layers have its names.
"""

from collections import OrderedDict

from torch import Tensor, nn

from models.initialise import initialise
from models.residual import Layers, ResidualBlock
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


def convolution(number: int, inputs: int, outputs: int, kernel: int, stride: int = 1) -> Layers:
    """Layer `number` of a block: a convolution with `stride`, and its batch norm."""
    return {
        f"conv{number}": nn.Conv2d(
            inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False
        ),
        f"bn{number}": nn.BatchNorm2d(outputs),
    }


def basic_layers(inputs: int, width: int, stride: int) -> Layers:
    """Two 3x3 convolutions, to `width` channels."""
    return {
        **convolution(1, inputs, width, 3, stride),
        "relu1": nn.ReLU(inplace=True),
        **convolution(2, width, width, 3),
    }


def bottleneck_layers(inputs: int, width: int, stride: int) -> Layers:
    """A 3x3 convolution between two of 1x1, to 4 * `width` channels."""
    return {
        **convolution(1, inputs, width, 1),
        "relu1": nn.ReLU(inplace=True),
        **convolution(2, width, width, 3, stride),
        "relu2": nn.ReLU(inplace=True),
        **convolution(3, width, BOTTLENECK_EXPANSION * width, 1),
    }


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
        layers, expansion = basic_layers, 1
        if depth >= BOTTLENECKS_FROM:
            layers, expansion = bottleneck_layers, BOTTLENECK_EXPANSION
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
            stage = nn.Sequential()
            for number in range(blocks):
                build = temporal if number % every == 0 else no_temporal
                residual = layers(channels, planes, stride)
                outputs = expansion * planes
                is_identity = stride == 1 and channels == outputs
                shortcut = {} if is_identity else convolution(1, channels, outputs, 1, stride)
                stage.append(ResidualBlock(residual, shortcut, build(channels, count)))
                channels, stride = outputs, 1
            self.stages.append(stage)
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
