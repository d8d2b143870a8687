"""I3D-ResNet: a ResNet inflated to three dimensions, without stride in time."""

from collections.abc import Callable

from torch import Tensor, nn

from models.clip import check_clip
from models.head import ConsensusHead
from models.initialise import initialise
from models.registry import register

STAGE_WIDTHS = (64, 128, 256, 512)
STAGE_STRIDES = (1, 2, 2, 2)


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv3d:
    """A cubic convolution that keeps the size but for `stride`, which is spatial alone."""
    return nn.Conv3d(
        inputs, outputs, kernel, stride=(1, stride, stride), padding=kernel // 2, bias=False
    )


class ResidualBlock(nn.Module):
    """relu(residual(x) + shortcut(x)) on N x C x T x H x W."""

    def __init__(self, residual: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.residual = residual
        self.shortcut = shortcut
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map N x inputs x T x H x W to N x outputs x T x H/stride x W/stride."""
        out = self.residual(x)
        out += self.shortcut(x)
        return self.relu(out)


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    """The identity, or a 1x1x1 convolution where the shape changes."""
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm3d(outputs))


def basic_block(inputs: int, width: int, stride: int) -> tuple[ResidualBlock, int]:
    """Two 3x3x3 convolutions; also returns the number of output channels."""
    residual = nn.Sequential(
        convolution(inputs, width, 3, stride),
        nn.BatchNorm3d(width),
        nn.ReLU(inplace=True),
        convolution(width, width, 3),
        nn.BatchNorm3d(width),
    )
    return ResidualBlock(residual, shortcut(inputs, width, stride)), width


def bottleneck(inputs: int, width: int, stride: int) -> tuple[ResidualBlock, int]:
    """1x1x1, 3x3x3, 1x1x1 with expansion 4; also returns the number of output channels."""
    outputs = 4 * width
    residual = nn.Sequential(
        convolution(inputs, width, 1),
        nn.BatchNorm3d(width),
        nn.ReLU(inplace=True),
        convolution(width, width, 3, stride),
        nn.BatchNorm3d(width),
        nn.ReLU(inplace=True),
        convolution(width, outputs, 1),
        nn.BatchNorm3d(outputs),
    )
    return ResidualBlock(residual, shortcut(inputs, outputs, stride)), outputs


Block = Callable[[int, int, int], tuple[ResidualBlock, int]]
ARCHITECTURES: dict[int, tuple[Block, tuple[int, ...]]] = {
    18: (basic_block, (2, 2, 2, 2)),
    34: (basic_block, (3, 4, 6, 3)),
    50: (bottleneck, (3, 4, 6, 3)),
    101: (bottleneck, (3, 4, 23, 3)),
    152: (bottleneck, (3, 8, 36, 3)),
}


class I3DResNet(nn.Module):
    """An inflated ResNet over a clip, N x 3 x T x H x W, with a classifier for each time step."""

    def __init__(
        self, block: Block, blocks: tuple[int, ...], *, num_classes: int, frames: int
    ) -> None:
        super().__init__()
        self.frames = frames
        self.stem = nn.Sequential(
            nn.Conv3d(3, 64, (3, 7, 7), stride=(1, 2, 2), padding=(1, 3, 3), bias=False),
            nn.BatchNorm3d(64),
            nn.ReLU(inplace=True),
            nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1)),
        )
        channels, stages = 64, []
        for width, count, stride in zip(STAGE_WIDTHS, blocks, STAGE_STRIDES, strict=True):
            stage = []
            for position in range(count):
                layer, channels = block(channels, width, stride if position == 0 else 1)
                stage.append(layer)
            stages.append(nn.Sequential(*stage))
        self.stages = nn.Sequential(*stages)
        initialise(self)
        self.head = ConsensusHead(channels, num_classes)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        x = self.stages(self.stem(clip))  # N x C x T x H/32 x W/32
        features = x.mean(dim=(3, 4)).transpose(1, 2).flatten(0, 1)  # (N*T) x C
        return self.head(features, self.frames)


@register(
    depths=tuple(ARCHITECTURES),
    source="Carreira and Zisserman, CVPR 2017; He et al., CVPR 2016 (inflated as by its authors)",
)
def i3d_resnet(*, num_classes: int, frames: int, depth: int) -> I3DResNet:
    """A ResNet whose spatial convolutions are inflated to 3x3x3."""
    block, blocks = ARCHITECTURES[depth]
    return I3DResNet(block, blocks, num_classes=num_classes, frames=frames)
