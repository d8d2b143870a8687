"""Inception-v1 over the frames of a clip, (N*T) x 3 x H x W, with room for temporal modules."""

from collections import OrderedDict

from torch import Tensor, nn

from models.inception import NORM_EPS, Kit, inception_v1
from models.initialise import initialise
from models.temporal import TemporalBuilder, TemporalMaxPool, frames_by_stage


def convolution(inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> nn.Sequential:
    """A convolution that keeps the size but for `stride`, its batch norm and a ReLU."""
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
            bn=nn.BatchNorm2d(outputs, eps=NORM_EPS),
            relu=nn.ReLU(inplace=True),
        )
    )


class Inception2D(nn.Module):
    """An Inception-v1 without its classifier, over clips of `frames`.

    `temporal(channels, frames)` builds what follows the stem's convolutions and every module. With
    `temporal_pooling="max"` the frames are halved before stages 1, 2 and 3. Every frame that is
    left ends as `features` numbers.
    """

    def __init__(
        self,
        temporal: TemporalBuilder,
        *,
        frames: int,
        temporal_pooling: str = "none",
        width: float = 1.0,
    ) -> None:
        super().__init__()
        counts = frames_by_stage(frames, temporal_pooling)

        def pool(kernel: int, stage: int) -> nn.Module:
            """A pool over space, and one over time where the frames are halved behind `stage`."""
            spatial = nn.MaxPool2d(kernel, stride=2, ceil_mode=True)
            halves = counts[stage + 1] < counts[stage]
            return nn.Sequential(spatial, TemporalMaxPool(counts[stage])) if halves else spatial

        kit = Kit(
            stem=lambda inputs, outputs: convolution(inputs, outputs, 7, stride=2),
            pointwise=convolution,
            spatial=lambda inputs, outputs: convolution(inputs, outputs, 3),
            branch_pool=lambda: nn.MaxPool2d(3, stride=1, padding=1),
            pools=(nn.MaxPool2d(3, stride=2, ceil_mode=True), pool(3, 0), pool(3, 1), pool(2, 2)),
            temporal=lambda channels, stage: temporal(channels, counts[stage]),
        )
        self.layers, self.features = inception_v1(kit, width)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N*T) x 3 x H x W to (N*T') x features."""
        x = self.layers(x)  # (N*T') x features x H/32 x W/32
        return x.mean(dim=(2, 3))  # (N*T') x features
