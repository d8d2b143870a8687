"""A clock that moves only as a test says: what is timed by it takes no time."""

from types import ModuleType

import pytest


class Clock:
    """Stands for the module `time`, in seconds; `compute` takes the processor, `sleep` does not."""

    def __init__(self) -> None:
        self._now = self._computed = 0.0

    def perf_counter(self) -> float:
        return self._now

    def process_time(self) -> float:
        return self._computed

    def sleep(self, seconds: float) -> None:
        self._now += seconds

    def compute(self, seconds: float) -> None:
        self._now += seconds
        self._computed += seconds


def stop_clocks(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> Clock:
    """The one clock of these modules, until the test is over."""
    clock = Clock()
    for module in modules:
        monkeypatch.setattr(module, "time", clock)
    return clock
