"""How long the instruments take; `nox -s bench` prints the table."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch

import models
from bench.instruments import macs, memory

CLIP = (8, 3, 16, 224, 224)
Benchmark = Callable[..., Any]


def factory(name: str) -> Callable[[], torch.nn.Module]:
    return partial(models.create_model, name, num_classes=174, frames=16, depth=101)


@pytest.mark.parametrize("name", ["tsn", "blvnet_tam"])
@pytest.mark.parametrize("mode", ["train", "infer"])
def test_simulated_memory(benchmark: Benchmark, name: str, mode: str) -> None:
    peak = benchmark(memory.simulate, factory(name), CLIP, mode)
    assert peak.peak_bytes > 0


@pytest.mark.parametrize("name", ["tsn", "blvnet_tam"])
def test_macs(benchmark: Benchmark, name: str) -> None:
    with torch.device("meta"):
        model = factory(name)()
    assert benchmark(macs.count, model, (1, *CLIP[1:])).total > 0
