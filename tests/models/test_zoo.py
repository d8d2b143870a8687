"""The zoo's own networks have the parameters that it prints in its metafiles."""

import pytest
import torch
from torch import nn

from bench.instruments import params
from tests.models import zoo

SOURCE = "open-mmlab/mmaction2 configs/recognition/{slowfast@09f41cb4,r2plus1d@1a2417c8}"


def slowfast(sampling: str) -> nn.Module:
    return zoo.SlowFast(sampling, num_classes=400, frames=32)


def test_parameters_are_the_printed_ones() -> None:
    with torch.device("meta"):
        counts = [
            params.count(model)
            for model in (
                slowfast("4x16"),
                slowfast("8x8"),
                zoo.r2plus1d_34(num_classes=400, frames=8),
            )
        ]
    assert counts == [34_479_288, 34_565_560, 63_759_281], SOURCE


@pytest.mark.parametrize("size", [64, 66])
def test_networks_map_a_clip_to_logits(size: int) -> None:
    with torch.device("meta"):
        clip = torch.empty(2, 3, 8, size, size)
        assert zoo.r2plus1d_34(num_classes=5, frames=8)(clip).shape == (2, 5)
        assert zoo.SlowFast("8x8", num_classes=5, frames=8)(clip).shape == (2, 5)
