"""A ResNet over the frames of a clip, (N*T) x 3 x H x W, with room for a temporal module a block.

Source: He et al., CVPR 2016, as in torchvision.
"""

from collections import OrderedDict
from functools import partial

from torch import Tensor, nn

from models.initialise import initialise
from models.residual import STAGE_WIDTHS, STEM_WIDTH, Kit, Layers
from models.temporal import TemporalBuilder, TemporalMaxPool, frames_by_stage, no_temporal
from models.widths import scaled

STAGE_STRIDES = (1, 2, 2, 2)


def convolution(kernel: int, number: int, inputs: int, outputs: int, stride: int = 1) -> Layers:
    """Layer `number` of a block: a convolution with `stride`, and its batch norm."""
    return {
        f"conv{number}": nn.Conv2d(
            inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False
        ),
        f"bn{number}": nn.BatchNorm2d(outputs),
    }


KIT = Kit(pointwise=partial(convolution, 1), spatial=partial(convolution, 3), unit=1)


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
        channels = scaled(STEM_WIDTH, width)
        self.stem = nn.Sequential(
            OrderedDict(
                **convolution(7, 1, 3, channels, stride=2),
                relu=nn.ReLU(inplace=True),
                maxpool=nn.MaxPool2d(3, stride=2, padding=1),
            )
        )
        counts = frames_by_stage(frames, temporal_pooling)

        def entry(count: int, number: int, inputs: int) -> nn.Module:
            """What stands before the residual branch of block `number`, over `count` frames."""
            return temporal(inputs, count) if number % every == 0 else no_temporal(inputs)

        self.stages, self.temporal_pools = nn.ModuleList(), nn.ModuleList()
        for position, stride in enumerate(STAGE_STRIDES):
            count = counts[position]
            stage, channels = KIT.stage(
                depth,
                position,
                channels,
                scaled(STAGE_WIDTHS[position], width),
                stride,
                partial(entry, count),
            )
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
