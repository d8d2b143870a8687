"""The residual blocks and stages of a ResNet, over frames or over clips.

Source: He et al., CVPR 2016, as in torchvision (the stride on the 3x3); layers have its names.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch import Tensor, nn

EXPANSION = 4  # of a bottleneck
BOTTLENECKS_FROM = 50  # the depth from which on blocks are bottlenecks
STEM_WIDTH = 64
STAGE_WIDTHS = (64, 128, 256, 512)
BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
DEPTHS = tuple(BLOCKS)

Layers = dict[str, nn.Module]  # by the names that their authors gave them


class ResidualBlock(nn.Module):
    """relu(residual(temporal(x)) + downsample(x)): the shortcut is before any temporal module."""

    def __init__(self, residual: Layers, downsample: Layers, temporal: nn.Module) -> None:
        super().__init__()
        self.temporal = temporal
        self.residual = nn.Sequential(OrderedDict(residual))
        self.downsample = nn.Sequential(*downsample.values()) if downsample else nn.Identity()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map N x inputs x ... to N x outputs x ..., with the lengths that the layers leave."""
        out = self.residual(self.temporal(x))
        out += self.downsample(x)
        return self.relu(out)


Stride = TypeVar("Stride")


@dataclass(frozen=True)
class Kit(Generic[Stride]):
    """What residual blocks are made of, for one kind of stride, of which `unit` changes nothing.

    Both build layer `number` of a block, (number, inputs, outputs, stride): `pointwise` a
    convolution of one element and its norm, `spatial` what stands for the 3x3.
    """

    pointwise: Callable[[int, int, int, Stride], Layers]
    spatial: Callable[[int, int, int, Stride], Layers]
    unit: Stride

    def basic(self, inputs: int, width: int, stride: Stride) -> Layers:
        """Two spatial convolutions, to `width` channels."""
        return {
            **self.spatial(1, inputs, width, stride),
            "relu1": nn.ReLU(inplace=True),
            **self.spatial(2, width, width, self.unit),
        }

    def bottleneck(self, inputs: int, width: int, stride: Stride) -> Layers:
        """A spatial convolution between two of one element, to 4 * `width` channels."""
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
    ) -> tuple[nn.Sequential, int]:
        """The blocks of a stage of a ResNet of `depth`, and the channels that they end with.

        `temporal(number, channels)` builds what stands before the residual branch of a block.
        """
        layers, outputs = self.basic, width
        if depth >= BOTTLENECKS_FROM:
            layers, outputs = self.bottleneck, EXPANSION * width
        blocks = nn.Sequential()
        for number in range(BLOCKS[depth][position]):
            residual = layers(inputs, width, stride)
            is_identity = stride == self.unit and inputs == outputs
            shortcut = {} if is_identity else self.pointwise(1, inputs, outputs, stride)
            blocks.append(ResidualBlock(residual, shortcut, temporal(number, inputs)))
            inputs, stride = outputs, self.unit
        return blocks, outputs
