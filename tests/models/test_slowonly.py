import pytest
import torch
from torch import nn

from tests.models.networks import build


@pytest.mark.parametrize(("depth", "temporal"), [(50, 9), (101, 26)])
def test_stages_3_and_4_convolve_in_time(depth: int, temporal: int) -> None:
    with torch.device("meta"):
        model = build("slowonly", depth=depth)
    in_time = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv3d) and module.kernel_size[0] > 1
    ]
    assert len(in_time) == temporal
    assert all(name.startswith(("stages.2.", "stages.3.")) for name in in_time)
    assert all(name.endswith(".conv1") for name in in_time)
