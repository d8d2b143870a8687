from typing import Any

import pytest
import torch
from torch import nn

from bench.errors import BenchError
from bench.instruments import macs, macs_fvcore
from bench.instruments.macs import MacCount
from models.formulation import FORMULATIONS
from models.tam import WINDOWS
from tests.models.networks import ALL, build, label, small_clip


@pytest.mark.parametrize("variant", ALL, ids=label)
def test_both_counters_agree_and_know_every_operator(variant: tuple[str, dict[str, Any]]) -> None:
    name, options = variant
    model = build(name, **options)
    first = macs.count(model, small_clip(name))
    second = macs_fvcore.count(model, small_clip(name))
    assert first.uncounted == {}
    assert first.total > 0
    assert macs_fvcore.disagreement(first, second) == ""
    assert (first.total == second.total) == (name != "mvit_v2_s")  # whose einsums fvcore rounds


@pytest.mark.parametrize(
    "backbone", ["mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0", "convnext_tiny"]
)
def test_both_counters_agree_on_an_image_network_of_torchvisions(backbone: str) -> None:
    model = build("tsm", backbone=backbone)
    first, second = (counter.count(model, small_clip("tsm")) for counter in (macs, macs_fvcore))
    assert first.uncounted == {}
    assert first.total == second.total > 0


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("formulation", FORMULATIONS)
@pytest.mark.parametrize("name", ["tam", "blvnet_tam"])
def test_both_counters_agree_on_a_formulation(name: str, formulation: str, window: int) -> None:
    model = build(name, depth=50, width=0.25, formulation=formulation, window=window)
    first = macs.count(model, small_clip(name, 2))
    second = macs_fvcore.count(model, small_clip(name, 2))
    assert first.uncounted == {}
    assert first.total == second.total
    assert macs_fvcore.disagreement(first, second) == ""


def test_products_of_activations_are_counted_as_by_the_other_counter() -> None:
    class Attention(nn.Module):
        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            x = clip.flatten(2)  # N x 3 x L
            return torch.bmm(x, x.transpose(1, 2)).flatten(1)

    assert macs_fvcore.count(Attention(), (2, 3, 1, 4, 4)).total == 2 * 3 * 16 * 3


def test_a_disagreement_names_the_kind_and_both_counts() -> None:
    first = MacCount({"conv": 100, "matmul": 10_000}, {})
    assert macs_fvcore.disagreement(first, MacCount({"conv": 100, "matmul": 10_005}, {})) == ""
    second = MacCount({"conv": 101, "matmul": 10_006}, {})
    assert macs_fvcore.disagreement(first, second) == "conv 100 and 101, matmul 10000 and 10006"


def test_a_shape_that_is_no_clip_is_refused() -> None:
    with pytest.raises(BenchError, match=r"\(N, C, T, H, W\)"):
        macs_fvcore.count(nn.Flatten(), (1, 3, 4, 8))
