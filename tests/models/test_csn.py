from typing import Any

import pytest
import torch
from torch import nn

from models.norm import BatchNorm3d
from tests.models.networks import build


@pytest.mark.parametrize(
    ("interaction", "dense"), [("reduced", 2 * 16 + 4 + 1), ("preserved", 3 * 16 + 4 + 1)]
)
def test_convolutions_of_3x3x3_see_one_channel(interaction: str, dense: int) -> None:
    with torch.device("meta"):
        model = build("csn", depth=50, interaction=interaction)
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv3d)]
    depthwise = [m for m in convolutions if m.kernel_size == (3, 3, 3)]
    assert all(m.groups == m.in_channels for m in depthwise)
    assert len(depthwise) == 16
    assert len(convolutions) == 16 + dense


@pytest.mark.parametrize(("depth", "eps"), [(50, 1e-3), (101, 1e-5), (152, 1e-3)])
def test_norms_have_the_epsilon_of_the_published_weights(depth: int, eps: float) -> None:
    with torch.device("meta"):
        model: Any = build("csn", depth=depth)
    assert {m.eps for m in model.modules() if isinstance(m, BatchNorm3d)} == {eps}
