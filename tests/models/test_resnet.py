import pytest
import torch
import torchvision
from torch import Tensor, nn

from models.resnet import DEPTHS, ResidualBlock
from tests.models.torchvision_images import check_against_torchvision, lively_norms


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_resnet_is_torchvisions(depth: int) -> None:
    theirs = torchvision.models.get_model(f"resnet{depth}", weights=None, num_classes=4)
    check_against_torchvision("tsn", lively_norms(theirs), {"depth": depth})


class Double(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * x


def test_the_shortcut_bypasses_the_temporal_module() -> None:
    block = ResidualBlock({"conv1": nn.Identity()}, {}, Double())
    assert block(torch.tensor([1.0, -1.0])).tolist() == [3, 0]
