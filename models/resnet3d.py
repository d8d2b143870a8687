"""A ResNet over N x 3 x T x H x W, for any way to convolve in space and time."""

from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor, nn

from models.clip import check_clip
from models.head import ConsensusHead
from models.initialise import initialise
from models.layouts import RESNET, Layout
from models.residual import STAGE_WIDTHS, STEM_WIDTH, Kit, Layers
from models.temporal import no_temporal
from models.widths import scaled

Stride = tuple[int, int, int]  # in time, height and width
# (number, inputs, outputs, stride) -> what stands for a 3x3x3 convolution and its batch norm
Kernel = Callable[[int, int, int, Stride], Layers]

UNIT: Stride = (1, 1, 1)
LAYOUT = Layout(RESNET)


def pointwise(number: int, inputs: int, outputs: int, stride: Stride = UNIT) -> Layers:
    """Layer `number` of a block: a 1x1x1 convolution and its batch norm."""
    return {
        f"conv{number}": nn.Conv3d(inputs, outputs, 1, stride=stride, bias=False),
        f"bn{number}": nn.BatchNorm3d(outputs),
    }


class ResNet3D(nn.Module):
    """A ResNet over a clip, N x 3 x T x H x W, with a classifier for each of its last time steps.

    `kernel` builds the spatiotemporal convolutions, `temporal(channels)` what stands before the
    first convolution of every residual branch. With `temporal_pooling="max"` stages 2 to 4 halve
    the time axis with their first block's strides, else T stays.
    """

    def __init__(
        self,
        depth: int,
        kernel: Kernel,
        *,
        num_classes: int,
        frames: int,
        temporal_pooling: str,
        width: float,
        temporal: Callable[[int], nn.Module] = no_temporal,
    ) -> None:
        super().__init__()
        kit = Kit(pointwise, kernel, UNIT)
        channels = scaled(STEM_WIDTH, width)
        self.stem = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv3d(
                    3, channels, (3, 7, 7), stride=(1, 2, 2), padding=(1, 3, 3), bias=False
                ),
                bn1=nn.BatchNorm3d(channels),
                relu=nn.ReLU(inplace=True),
                maxpool=nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1)),
            )
        )
        self.frames = frames
        shrinking: Stride = (1 if temporal_pooling == "none" else 2, 2, 2)
        stages = []
        for position, planes in enumerate(STAGE_WIDTHS):
            stage, channels = kit.stage(
                depth,
                position,
                channels,
                scaled(planes, width),
                shrinking if position else UNIT,
                lambda number, inputs: temporal(inputs),
            )
            stages.append(stage)
        self.stages = nn.Sequential(*stages)
        initialise(self)
        self.head = ConsensusHead(channels, num_classes)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        x = self.stages(self.stem(clip))  # N x C x T' x H/32 x W/32
        features = x.mean(dim=(3, 4)).transpose(1, 2).flatten(0, 1)  # (N*T') x C
        return self.head(features, clip.shape[0])
