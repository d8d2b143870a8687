from math import sqrt

import pytest
import torch
from torch import nn

from models.initialise import initialise


@pytest.mark.parametrize(
    ("convolution", "fan_out"),
    [(nn.Conv2d(4, 256, 3), 256 * 9), (nn.Conv3d(4, 256, (1, 3, 3)), 256 * 9)],
)
def test_convolutions_are_normal_by_what_they_give_out(
    convolution: nn.Module, fan_out: int
) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Sequential(convolution))
    initialise(network)
    (weight, _) = network.parameters()
    assert weight.std().item() == pytest.approx(sqrt(2 / fan_out), rel=0.05)
    assert abs(weight.mean().item()) < 0.1 * sqrt(2 / fan_out)


@pytest.mark.parametrize("norm", [nn.BatchNorm2d(3), nn.BatchNorm3d(3)])
def test_batch_norms_start_at_scale_1_and_shift_0(norm: nn.Module) -> None:
    for parameter in norm.parameters():
        nn.init.constant_(parameter, 7.0)
    initialise(norm)
    scale, shift = norm.parameters()
    assert (scale.tolist(), shift.tolist()) == ([1, 1, 1], [0, 0, 0])


def test_what_else_a_network_has_is_left_alone() -> None:
    linear = nn.Linear(2, 2)
    before = linear.weight.clone()
    initialise(nn.Sequential(linear))
    assert torch.equal(linear.weight, before)
