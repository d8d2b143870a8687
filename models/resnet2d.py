"""torchvision's ResNet as the 2D trunk that a clip's frames share."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from torchvision.models import ResNet

DEPTHS = (18, 34, 50, 101, 152)


def resnet_trunk(depth: int) -> "tuple[ResNet, int]":
    """A ResNet of `depth` without its classifier, and the number of features it ends with."""
    # Imported here because it doubles the time that importing this package takes.
    from torchvision.models import get_model

    trunk = get_model(f"resnet{depth}", weights=None)
    features = trunk.fc.in_features
    trunk.fc = nn.Identity()
    return trunk, features


def stages(trunk: "ResNet") -> Iterator[nn.Sequential]:
    """The four stages of residual blocks."""
    yield from (trunk.layer1, trunk.layer2, trunk.layer3, trunk.layer4)


def insert_temporal(block: nn.Module, build: Callable[[int], nn.Module]) -> None:
    """Put `build(channels)` before the first convolution of a residual block's residual branch.

    The identity path, and the downsampling convolution on it, keep the block's input.
    """
    convolution = block.conv1
    assert isinstance(convolution, nn.Conv2d)
    block.conv1 = nn.Sequential(build(convolution.in_channels), convolution)
