from types import SimpleNamespace

import pytest
import torch

from bench.workload import timers
from tests.clock import Clock, stop_clocks


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stop_clocks(monkeypatch, timers)


def test_the_clock_counts_waiting_and_the_processor_does_not(clock: Clock) -> None:
    def step() -> None:
        clock.sleep(5.0)
        clock.compute(1.0)

    assert timers.time_on_cpu(step) == 6.0
    assert timers.processor_seconds(step) == 1.0


def test_a_gpu_is_timed_between_two_events_once_it_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    class Event:
        def __init__(self, enable_timing: bool) -> None:
            assert enable_timing

        def record(self) -> None:
            steps.append("record")

        def synchronize(self) -> None:
            steps.append("wait")

        def elapsed_time(self, end: object) -> float:
            return 250.0  # milliseconds

    cuda = SimpleNamespace(Event=Event, synchronize=lambda: steps.append("idle"))
    monkeypatch.setattr(torch, "cuda", cuda)
    assert timers.time_on_cuda(lambda: steps.append("step")) == 0.25
    assert steps == ["idle", "record", "step", "record", "wait"]
