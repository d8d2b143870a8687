"""Inception-v1 (GoogLeNet) for video: over the frames of a clip, or with time as a third axis.

`Inception2D` takes frames, (N*T) x 3 x H x W, `Inception3D` clips, N x 3 x T x H x W. Source:
Szegedy et al., CVPR 2015, with batch norm; layers have the names of torchvision's GoogLeNet. As
there, the "5x5" branch is a 3x3 convolution. There are no auxiliary classifiers.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import torch
from torch import Tensor, nn

from models.chain import Chain
from models.clip import check_clip
from models.errors import ClipError
from models.formulation import EFFICIENT, save_memory
from models.head import ConsensusHead
from models.initialise import initialise
from models.norm import BatchNorm2d, BatchNorm3d
from models.temporal import TemporalBuilder, TemporalMaxPool, frames_by_stage, no_temporal
from models.widths import scale_channels

NORM_EPS = 1e-3
STEM_WIDTHS = (64, 64, 192)
# module -> widths: the 1x1 branch, the two convolutions of the 3x3 branch, the two of the "5x5"
# branch, the projection behind the pool
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
FIRST_OF_STAGE = ("3a", "4a", "5a")  # a pool stands before each

Unit = Callable[[int, int], Chain]  # (inputs, outputs) -> convolution, norm and ReLU


def convolution2d(inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> Chain:
    """A convolution, its batch norm and a ReLU; only `stride` changes the size."""
    return Chain(
        OrderedDict(
            conv=nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
            bn=BatchNorm2d(outputs, eps=NORM_EPS),
            relu=nn.ReLU(inplace=True),
        )
    )


def convolution3d(
    inputs: int, outputs: int, kernel: tuple[int, int, int], *, space_stride: int = 1
) -> Chain:
    """A convolution, its batch norm and a ReLU; only `space_stride` changes the size."""
    return Chain(
        OrderedDict(
            conv=nn.Conv3d(
                inputs,
                outputs,
                kernel,
                stride=(1, space_stride, space_stride),
                padding=(kernel[0] // 2, kernel[1] // 2, kernel[2] // 2),
                bias=False,
            ),
            bn=BatchNorm3d(outputs, eps=NORM_EPS),
            relu=nn.ReLU(inplace=True),
        )
    )


@dataclass(frozen=True)
class InceptionParts:
    """The layers that an Inception-v1 is made of, in two or in three dimensions.

    `pools` are the pool of the stem and those before stages 1, 2 and 3; `branch_pool` builds a pool
    that keeps the size. `temporal(channels, stage)` builds the module that follows each convolution
    of the stem (stage 0) and each Inception module (stages 1 to 3).
    """

    stem: Unit
    pointwise: Unit
    spatial: Unit
    branch_pool: Callable[[], nn.Module]
    pools: tuple[nn.Module, nn.Module, nn.Module, nn.Module]
    temporal: Callable[[int, int], nn.Module] = no_temporal


class InceptionModule(nn.Module):
    """Four branches over the same input, whose channels are concatenated."""

    def __init__(self, inputs: int, widths: tuple[int, ...], parts: InceptionParts) -> None:
        super().__init__()
        single, reduced3, wide3, reduced5, wide5, projected = widths
        pointwise, spatial = parts.pointwise, parts.spatial
        self.branch1 = pointwise(inputs, single)
        self.branch2 = Chain(pointwise(inputs, reduced3), spatial(reduced3, wide3))
        self.branch3 = Chain(pointwise(inputs, reduced5), spatial(reduced5, wide5))
        self.branch4 = Chain(parts.branch_pool(), pointwise(inputs, projected))
        self.outputs = single + wide3 + wide5 + projected

    def forward(self, x: Tensor) -> Tensor:
        """Map N x inputs x ... to N x outputs x ...; the other axes keep their lengths."""
        branches = (self.branch1([x]), self.branch2([x]), self.branch3([x]), self.branch4([x]))
        return torch.cat(branches, dim=1)  # N x outputs x ...


def build_layers(parts: InceptionParts, width: float) -> tuple[Chain, int]:
    """The layers up to the last Inception module, and the channels of its output."""
    first, second, third = (scale_channels(channels, width) for channels in STEM_WIDTHS)
    pools = iter(parts.pools)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=parts.stem(3, first),
        temporal1=parts.temporal(first, 0),
        pool1=next(pools),
        conv2=parts.pointwise(first, second),
        temporal2=parts.temporal(second, 0),
        conv3=parts.spatial(second, third),
        temporal3=parts.temporal(third, 0),
    )
    channels, stage = third, 0
    for name, widths in MODULES.items():
        if name in FIRST_OF_STAGE:
            stage += 1
            layers[f"pool{stage + 1}"] = next(pools)
        module = InceptionModule(channels, tuple(scale_channels(w, width) for w in widths), parts)
        channels = module.outputs
        layers[f"inception{name}"] = module
        layers[f"temporal{name}"] = parts.temporal(channels, stage)
    return Chain(layers), channels


class Inception2D(nn.Module):
    """An Inception-v1 over clips of `frames`, without its classifier.

    `temporal(channels, frames)` builds the module that follows each convolution of the stem and
    each Inception module. With `temporal_pooling="max"` a pool halves the frames before each of
    stages 1 to 3. The output has `features` channels.
    """

    def __init__(
        self, temporal: TemporalBuilder, *, frames: int, temporal_pooling: str, width: float
    ) -> None:
        super().__init__()
        counts = frames_by_stage(frames, temporal_pooling)

        def pool(kernel: int, stage: int) -> nn.Module:
            """The pool behind `stage`: over space, and over time where the frames are halved."""
            spatial = nn.MaxPool2d(kernel, stride=2, ceil_mode=True)
            halves = counts[stage + 1] < counts[stage]
            return nn.Sequential(spatial, TemporalMaxPool(counts[stage])) if halves else spatial

        parts = InceptionParts(
            stem=lambda inputs, outputs: convolution2d(inputs, outputs, 7, stride=2),
            pointwise=convolution2d,
            spatial=lambda inputs, outputs: convolution2d(inputs, outputs, 3),
            branch_pool=lambda: nn.MaxPool2d(3, stride=1, padding=1),
            pools=(nn.MaxPool2d(3, stride=2, ceil_mode=True), pool(3, 0), pool(3, 1), pool(2, 2)),
            temporal=lambda channels, stage: temporal(channels, counts[stage]),
        )
        self.layers, self.features = build_layers(parts, width)
        initialise(self)

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Map [(N*T) x 3 x H x W] to (N*T') x features, with T' the frames that pooling leaves.

        Empties the list.
        """
        x = self.layers(inputs)  # (N*T') x features x H/32 x W/32
        return x.mean(dim=(2, 3))  # (N*T') x features


class Inception3D(nn.Module):
    """An Inception-v1 over a clip, with a classifier for each of its last time steps.

    The kernel of the stem spans `stem_frames`. `spatiotemporal` builds the convolutions in the
    place of a 3x3. `last_kernel` is that of the last pool, which has padding only if it is 3. With
    `temporal_pooling="max"` every pool but the stem's halves the time axis.
    """

    def __init__(
        self,
        spatiotemporal: Unit,
        *,
        stem_frames: int,
        last_kernel: int,
        num_classes: int,
        frames: int,
        temporal_pooling: str,
        width: float,
        formulation: str,
    ) -> None:
        super().__init__()
        self.frames = frames
        time_stride = 1 if temporal_pooling == "none" else 2

        def pool(kernel: int) -> nn.MaxPool3d:
            return nn.MaxPool3d(kernel, stride=(time_stride, 2, 2), padding=_padding(kernel))

        parts = InceptionParts(
            stem=lambda i, o: convolution3d(i, o, (stem_frames, 7, 7), space_stride=2),
            pointwise=lambda i, o: convolution3d(i, o, (1, 1, 1)),
            spatial=spatiotemporal,
            branch_pool=lambda: nn.MaxPool3d(3, stride=1, padding=1),
            pools=(
                nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1)),
                pool(3),
                pool(3),
                pool(last_kernel),
            ),
        )
        self.layers, features = build_layers(parts, width)
        _check_frames(frames, (3, 3, last_kernel), time_stride)
        initialise(self)
        self.head = ConsensusHead(features, num_classes)
        if formulation == EFFICIENT:
            save_memory(self)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        x = self.layers([clip])  # N x C x T' x H/32 x W/32
        features = x.mean(dim=(3, 4)).transpose(1, 2).flatten(0, 1)  # (N*T') x C
        return self.head(features, clip.shape[0])


def _padding(kernel: int) -> int:
    return 1 if kernel == 3 else 0


def _check_frames(frames: int, kernels: tuple[int, ...], stride: int) -> None:
    """Raise `ClipError` if pools of `kernels` leave no time step of `frames`."""

    def left(steps: int) -> int:
        for kernel in kernels:
            steps = (steps + 2 * _padding(kernel) - kernel) // stride + 1
        return steps

    if left(frames) < 1:
        least = next(n for n in count(frames) if left(n) >= 1)
        raise ClipError(
            f"the pools of this network need {least} frames or more, not {frames}: use more"
        )
