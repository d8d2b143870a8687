from functools import partial

import pytest
import torch

from bench import ceilings
from bench.latency import TIMERS
from bench.records import Precision
from bench.steps import Step


def seconds_of(step: Step) -> float:
    """What a machine of 1 GMAC a second and 1 GB a second would take."""
    assert isinstance(step, partial)
    step()
    if step.func is torch.mm:
        side = len(step.args[0])
        return float(side**3 / 1e9)
    return 2 * len(step.args[0]) / 1e9


def test_rates_of_a_known_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TIMERS, "cpu", seconds_of)
    most = ceilings.measure("cpu", "fp32", threads=1)
    assert most.macs_per_second == pytest.approx(1e9)
    assert most.bytes_per_second == pytest.approx(1e9)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_precision_that_the_machine_is_slow_in_takes_no_longer(
    precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: list[float] = []
    clock = TIMERS["cpu"]

    def timer(step: Step) -> float:
        timed.append(clock(step))
        return timed[-1]

    monkeypatch.setitem(TIMERS, "cpu", timer)
    most = ceilings.measure("cpu", precision, threads=1)
    assert most.macs_per_second > 1e7
    assert sum(timed) < 30
