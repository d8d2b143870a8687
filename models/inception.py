"""Inception-v1 (GoogLeNet), for any way to convolve and to pool: the table of its layers.

Layers are named as in torchvision's GoogLeNet. Source: Szegedy et al., CVPR 2015, with batch norm;
the "5x5" branch is a 3x3 convolution, as there, and the auxiliary classifiers are left out.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.temporal import no_temporal
from models.widths import scaled

NORM_EPS = 1e-3
STEM_WIDTHS = (64, 64, 192)
# module -> the widths of its 1x1 branch, of the two convolutions of its 3x3 and of its "5x5"
# branch, and of the projection behind its pool
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

Unit = Callable[[int, int], nn.Module]  # (inputs, outputs) -> convolution, norm and ReLU


@dataclass(frozen=True)
class Kit:
    """What an Inception-v1 is made of.

    `pools` are the stem's and those before stages 1, 2 and 3; `branch_pool` a pool that keeps
    the size. `temporal(channels, stage)` builds what follows the stem's convolutions (stage 0) and
    every module (stages 1 to 3).
    """

    stem: Unit
    pointwise: Unit
    spatial: Unit
    branch_pool: Callable[[], nn.Module]
    pools: tuple[nn.Module, nn.Module, nn.Module, nn.Module]
    temporal: Callable[[int, int], nn.Module] = no_temporal


class InceptionModule(nn.Module):
    """Four branches over the same input, whose channels are put side by side."""

    def __init__(self, inputs: int, widths: tuple[int, ...], kit: Kit) -> None:
        super().__init__()
        single, reduced3, wide3, reduced5, wide5, projected = widths
        self.branch1 = kit.pointwise(inputs, single)
        self.branch2 = nn.Sequential(kit.pointwise(inputs, reduced3), kit.spatial(reduced3, wide3))
        self.branch3 = nn.Sequential(kit.pointwise(inputs, reduced5), kit.spatial(reduced5, wide5))
        self.branch4 = nn.Sequential(kit.branch_pool(), kit.pointwise(inputs, projected))
        self.outputs = single + wide3 + wide5 + projected

    def forward(self, x: Tensor) -> Tensor:
        """Map N x inputs x ... to N x outputs x ..., the other lengths kept."""
        branches = (self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x))
        return torch.cat(branches, dim=1)


def inception_v1(kit: Kit, width: float) -> tuple[nn.Sequential, int]:
    """The layers up to the last module, and the number of channels they end with."""
    first, second, third = (scaled(channels, width) for channels in STEM_WIDTHS)
    pools = iter(kit.pools)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=kit.stem(3, first),
        temporal1=kit.temporal(first, 0),
        pool1=next(pools),
        conv2=kit.pointwise(first, second),
        temporal2=kit.temporal(second, 0),
        conv3=kit.spatial(second, third),
        temporal3=kit.temporal(third, 0),
    )
    channels, stage = third, 0
    for name, widths in MODULES.items():
        if name in FIRST_OF_STAGE:
            stage += 1
            layers[f"pool{stage + 1}"] = next(pools)
        module = InceptionModule(channels, tuple(scaled(w, width) for w in widths), kit)
        channels = module.outputs
        layers[f"inception{name}"] = module
        layers[f"temporal{name}"] = kit.temporal(channels, stage)
    return nn.Sequential(layers), channels
