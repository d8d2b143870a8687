"""Steps of DistributedDataParallel, run in a group of one process."""

from typing import Any

import pytest
import torch
from torch import distributed, nn

from bench.errors import UnsupportedError
from bench.instruments.memory import simulate
from bench.workload import data_parallel
from bench.workload.data_parallel import distribute
from bench.workload.steps import make_step
from suites.step import StepOptions
from tests.bench.instruments.memory.real import real_peak
from tests.bench.instruments.memory.test_simulated import two_layers

SHAPE = (3, 3, 1, 2, 2)
CPU = torch.device("cpu")
GROUP_BYTES = 100  # what an exchange takes meanwhile on a CPU
needs_group = pytest.mark.skipif(not distributed.is_available(), reason="no torch.distributed")


def test_without_it_a_network_stays_as_it_is() -> None:
    model = two_layers()
    assert distribute(model, CPU, "none") is model


@needs_group
@pytest.mark.parametrize("parallel", ["ddp", "ddp_views"])
def test_a_network_is_wrapped(parallel: Any) -> None:
    wrapped: Any = distribute(two_layers(), CPU, parallel)
    assert isinstance(wrapped, nn.parallel.DistributedDataParallel)
    assert wrapped.gradient_as_bucket_view == (parallel == "ddp_views")


@needs_group
@pytest.mark.parametrize("accumulation", [1, 3])
def test_a_step_moves_the_weights_as_without_it(accumulation: int) -> None:
    torch.manual_seed(0)
    models = [two_layers() for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    clip = torch.randn(SHAPE)
    for model, parallel in zip(models, ("none", "ddp_views"), strict=True):
        options = {"parallel": parallel, "accumulation": accumulation}
        step = make_step(model, clip, "train", options=StepOptions.model_validate(options))
        step()
        step()
    for one, other in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.allclose(one, other)


@needs_group
@pytest.mark.parametrize("parallel", ["ddp", "ddp_views"])
@pytest.mark.parametrize("gradients", ["freed", "zeroed"])
@pytest.mark.parametrize("accumulation", [1, 2])
def test_its_memory_is_as_simulated(parallel: Any, gradients: Any, accumulation: int) -> None:
    step = StepOptions(parallel=parallel, gradients=gradients, accumulation=accumulation)
    simulated = simulate(two_layers, SHAPE, step=step, device="cpu").peak_bytes
    # The thread that exchanges gradients may hold a bucket for a moment longer.
    real = min(real_peak(two_layers, SHAPE, step=step).all for _ in range(4))
    assert simulated <= real <= simulated + GROUP_BYTES


def test_where_there_can_be_no_group_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "is_available", lambda: False)
    with pytest.raises(UnsupportedError, match=r"has no torch.distributed: use parallel 'none'"):
        distribute(two_layers(), CPU, "ddp")


@needs_group
def test_a_group_that_fails_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no network\nbehind it")

    monkeypatch.setattr(distributed, "init_process_group", fail)
    with pytest.raises(UnsupportedError, match=r"^no process group of gloo \(no network\): use "):
        data_parallel._make_group("gloo")
