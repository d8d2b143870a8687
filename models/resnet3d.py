"""A ResNet over N x C x T x H x W, for any way to convolve in space and time."""

from collections.abc import Callable

from torch import Tensor, nn

from models.clip import check_clip
from models.head import ConsensusHead
from models.initialise import initialise
from models.temporal import frames_by_stage

Stride = tuple[int, int, int]  # in time, height and width
# (inputs, outputs, stride) -> what stands for a 3x3x3 convolution and its batch norm
Kernel = Callable[[int, int, Stride], list[nn.Module]]

STAGE_WIDTHS = (64, 128, 256, 512)
UNIT: Stride = (1, 1, 1)


def pointwise(inputs: int, outputs: int, stride: Stride = UNIT) -> list[nn.Module]:
    """A 1x1x1 convolution and its batch norm."""
    return [nn.Conv3d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm3d(outputs)]


class ResidualBlock(nn.Module):
    """relu(residual(x) + shortcut(x)) on N x C x T x H x W."""

    def __init__(self, inputs: int, outputs: int, stride: Stride, residual: nn.Module) -> None:
        super().__init__()
        self.residual = residual
        is_identity = stride == UNIT and inputs == outputs
        self.shortcut: nn.Module = (
            nn.Identity() if is_identity else nn.Sequential(*pointwise(inputs, outputs, stride))
        )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map N x inputs x T x H x W to N x outputs, each length divided by its stride."""
        out = self.residual(x)
        out += self.shortcut(x)
        return self.relu(out)


def basic_block(inputs: int, width: int, stride: Stride, kernel: Kernel) -> ResidualBlock:
    """Two spatiotemporal convolutions, to `width` channels."""
    residual = nn.Sequential(
        *kernel(inputs, width, stride),
        nn.ReLU(inplace=True),
        *kernel(width, width, UNIT),
    )
    return ResidualBlock(inputs, width, stride, residual)


def bottleneck(inputs: int, width: int, stride: Stride, kernel: Kernel) -> ResidualBlock:
    """A spatiotemporal convolution between two of 1x1x1, to 4 * `width` channels."""
    residual = nn.Sequential(
        *pointwise(inputs, width),
        nn.ReLU(inplace=True),
        *kernel(width, width, stride),
        nn.ReLU(inplace=True),
        *pointwise(width, 4 * width),
    )
    return ResidualBlock(inputs, 4 * width, stride, residual)


Block = Callable[[int, int, Stride, Kernel], ResidualBlock]
# depth -> block, its expansion, and the blocks of each stage
ARCHITECTURES: dict[int, tuple[Block, int, tuple[int, int, int, int]]] = {
    18: (basic_block, 1, (2, 2, 2, 2)),
    34: (basic_block, 1, (3, 4, 6, 3)),
    50: (bottleneck, 4, (3, 4, 6, 3)),
    101: (bottleneck, 4, (3, 4, 23, 3)),
    152: (bottleneck, 4, (3, 8, 36, 3)),
}
DEPTHS = tuple(ARCHITECTURES)


class ResNet3D(nn.Module):
    """A ResNet over a clip, N x 3 x T x H x W, with a classifier for each of its last time steps.

    `kernel` builds the spatiotemporal convolutions. With `temporal_pooling="max"` stages 2 to 4
    halve the time axis with their first block's strides, else T stays.
    """

    def __init__(
        self, depth: int, kernel: Kernel, *, num_classes: int, frames: int, temporal_pooling: str
    ) -> None:
        super().__init__()
        block, expansion, blocks = ARCHITECTURES[depth]
        counts = frames_by_stage(frames, temporal_pooling)
        self.frames, self.last_frames = frames, counts[-1]
        self.stem = nn.Sequential(
            nn.Conv3d(3, 64, (3, 7, 7), stride=(1, 2, 2), padding=(1, 3, 3), bias=False),
            nn.BatchNorm3d(64),
            nn.ReLU(inplace=True),
            nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1)),
        )
        time_stride = 1 if temporal_pooling == "none" else 2
        strides = (UNIT, *[(time_stride, 2, 2)] * 3)
        channels, stages = 64, []
        for width, count, stride in zip(STAGE_WIDTHS, blocks, strides, strict=True):
            layers = [block(channels, width, stride, kernel)]
            channels = expansion * width
            layers += [block(channels, width, UNIT, kernel) for _ in range(1, count)]
            stages.append(nn.Sequential(*layers))
        self.stages = nn.Sequential(*stages)
        initialise(self)
        self.head = ConsensusHead(channels, num_classes)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        x = self.stages(self.stem(clip))  # N x C x T' x H/32 x W/32
        features = x.mean(dim=(3, 4)).transpose(1, 2).flatten(0, 1)  # (N*T') x C
        return self.head(features, self.last_frames)
