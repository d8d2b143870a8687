from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.machine import accelerator
from bench.machine.accelerator import Accelerator, current_accelerator


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two devices, of which the second is the current one."""
    cards = (SimpleNamespace(name="First"), SimpleNamespace(name="Second", total_memory=80 << 30))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: cards[number])
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)


SECOND = Accelerator("Second", 80 << 30, {"cuda": "13.0", "cudnn": "91002"})


def test_without_cuda_all_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert current_accelerator() == Accelerator("", 0, {})


@pytest.mark.usefixtures("cuda")
def test_a_worker_describes_the_current_device_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator, "is_worker", lambda: True)
    monkeypatch.setattr(accelerator, "ProcessPoolExecutor", None)
    assert current_accelerator() == SECOND


class Pool:
    """A pool whose one worker is this process."""

    asked: list[object] = []  # noqa: RUF012

    def __init__(self, workers: int, mp_context: object) -> None:
        self.asked.append((workers, mp_context))

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self.asked.append("ended")

    def submit(self, call: Any) -> SimpleNamespace:
        return SimpleNamespace(result=call)


@pytest.mark.usefixtures("cuda")
def test_who_waits_for_workers_asks_one_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator, "is_worker", lambda: False)
    monkeypatch.setattr(accelerator, "process_context", lambda: "fresh")
    monkeypatch.setattr(accelerator, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(Pool, "asked", [])
    assert current_accelerator() == SECOND
    assert Pool.asked == [(1, "fresh"), "ended"]
