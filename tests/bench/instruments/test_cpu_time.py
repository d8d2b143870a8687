import pytest
import torch
from torch import Tensor, nn

from bench.instruments import cpu_time, latency
from bench.instruments.cpu_time import ModelAndClip
from bench.instruments.reference import cpu_time_reference
from bench.runs.tasks import make_task
from bench.workload import timers
from tests.clock import Clock, stop_clocks
from tests.records import point

CLIP = torch.zeros(2, 3, 2, 4, 4)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stop_clocks(monkeypatch, timers, latency)


class Busy(nn.Module):
    """A network that computes, and waits, and remembers on how many threads."""

    def __init__(self, clock: Clock, computed_s: float, waited_s: float = 0.0) -> None:
        super().__init__()
        self.clock, self.computed_s, self.waited_s = clock, computed_s, waited_s

    def forward(self, clip: Tensor) -> Tensor:
        self.threads = torch.get_num_threads()
        self.clock.sleep(self.waited_s)
        self.clock.compute(self.computed_s)
        return clip.new_zeros(len(clip), 5)


def test_what_is_computed_counts_and_waiting_does_not(clock: Clock) -> None:
    network, reference = Busy(clock, 1.0, waited_s=5.0), Busy(clock, 2.0)
    taken = cpu_time.measure(
        lambda: [(network, CLIP), (reference, CLIP)], builds=2, rounds=3, budget_s=0.0
    )
    assert taken.seconds == (1.0,) * 6
    assert taken.reference_seconds == (2.0,) * 6
    assert network.threads == reference.threads == taken.settings["threads"] == 1


def test_both_are_built_again_and_again(clock: Clock) -> None:
    built: list[Busy] = []

    def place() -> list[ModelAndClip]:
        built.append(Busy(clock, 1.0))
        return [(built[-1], CLIP)]

    taken = cpu_time.measure(place, builds=3, rounds=2, budget_s=0.0)
    assert len(built) == 3
    assert len(taken.seconds) == 6
    assert taken.reference_seconds == ()


def test_each_point_has_a_reference_of_its_kind() -> None:
    assert cpu_time_reference(point(network="tam", depth=101)) == point(depth=101)
    assert cpu_time_reference(point()) == point(network="tsm")
    narrow = {"options": {"width": 0.5}}
    assert cpu_time_reference(point(network="tam", **narrow)) == point(**narrow)
    assert cpu_time_reference(point(**narrow)) == point(network="tsm", **narrow)
    own = point(network="net.py:build", depth=None, options={"width": 64})
    assert cpu_time_reference(own) == point()


@pytest.mark.usefixtures("_quickly_timed")
def test_the_instrument_records_its_reference_and_its_version() -> None:
    where = point(network="tam", depth=18, frames=2, input_size=32)
    found = make_task(where, "cpu_time").measure()
    assert (found.unit, found.status) == ("seconds", "ok")
    assert found.reference is not None
    assert found.reference.point == where.model_copy(update={"network": "tsn"})
    assert len(found.samples) >= 15
    assert found.settings["reference_version"]
