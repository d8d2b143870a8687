"""torchvision's ResNet as the 2D trunk that a clip's frames share."""

from collections.abc import Iterator
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


def insert_temporal(block: nn.Module, temporal: nn.Module) -> None:
    """Put `temporal` before the first convolution of a residual block's residual branch.

    The identity path, and the downsampling convolution on it, keep the block's input.
    """
    block.conv1 = nn.Sequential(temporal, _first_convolution(block))


def input_channels(block: nn.Module) -> int:
    """The channels that a residual block takes."""
    return _first_convolution(block).in_channels


def _first_convolution(block: nn.Module) -> nn.Conv2d:
    assert isinstance(block.conv1, nn.Conv2d)
    return block.conv1
