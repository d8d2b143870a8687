from collections import Counter
from functools import partial

import pytest
import torch

from bench.instruments import ceilings
from bench.workload.steps import Step
from bench.workload.timers import TIMERS
from suites.fields import Precision


class Machine:
    """One of known rates, that remembers the sides of the products it was given."""

    def __init__(self, macs_per_second: float) -> None:
        self.macs_per_second = macs_per_second
        self.sides: Counter[int] = Counter()

    def seconds_of(self, step: Step) -> float:
        assert isinstance(step, partial)
        step()
        if step.func is torch.mm:
            side = len(step.args[0])
            self.sides[side] += 1
            return float(side**3 / self.macs_per_second)
        return 2 * len(step.args[0]) / 1e9


@pytest.mark.parametrize(
    ("macs_per_second", "sides"),
    [
        (1e9, {16: 1, 32: 1 + ceilings.REPEATS}),
        (1e4, {16: 1 + ceilings.REPEATS}),  # where one product takes long, it is enough
    ],
)
@pytest.mark.usefixtures("_quickly_timed")
def test_rates_of_a_known_machine(
    macs_per_second: float, sides: dict[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(macs_per_second)
    monkeypatch.setitem(TIMERS, "cpu", machine.seconds_of)
    most = ceilings.measure("cpu", "fp32", threads=1)
    assert most.macs_per_second == pytest.approx(macs_per_second)
    assert most.bytes_per_second == pytest.approx(1e9)
    assert machine.sides == sides


@pytest.mark.usefixtures("_quickly_timed")
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_every_precision_is_measured(precision: Precision) -> None:
    most = ceilings.measure("cpu", precision, threads=1)
    assert most.macs_per_second > 0
    assert most.bytes_per_second > 0
