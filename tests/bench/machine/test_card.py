"""What the driver tells of a card that is not there: nvidia-ml-py and CUDA are the test's own."""

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.errors import UnsupportedError
from bench.machine import card


class NVMLError(Exception):
    pass


def refuse(*_: object) -> Any:
    raise NVMLError("Not Supported")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A driver with one card, whose `calls` are the library's starts and ends."""
    calls: list[str] = []
    made = SimpleNamespace(
        NVMLError=NVMLError,
        calls=calls,
        nvmlInit=lambda: calls.append("init"),
        nvmlShutdown=lambda: calls.append("shutdown"),
        nvmlDeviceGetHandleByUUID=lambda uuid: uuid,
        nvmlDeviceGetTotalEnergyConsumption=lambda _: 2500,
        nvmlDeviceGetComputeRunningProcesses=lambda _: ["us"],
        nvmlDeviceGetCurrentClocksThrottleReasons=lambda _: 0,
    )
    monkeypatch.setitem(sys.modules, "pynvml", made)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    monkeypatch.setattr(
        torch.cuda,
        "get_device_properties",
        lambda device: SimpleNamespace(uuid=f"of-device-{device}"),
    )
    return made


def test_energy_is_in_joules_and_the_library_is_closed(library: SimpleNamespace) -> None:
    with card.open_card() as found:
        assert found.handle == "GPU-of-device-1"
        assert found.joules() == 2.5
        assert library.calls == ["init"]
    assert library.calls == ["init", "shutdown"]


def test_a_card_that_does_not_count_its_energy_is_unsupported(library: SimpleNamespace) -> None:
    library.nvmlDeviceGetTotalEnergyConsumption = refuse
    with (
        pytest.raises(UnsupportedError, match=r"has no energy counter \(Not Supported\)$"),
        card.open_card() as found,
    ):
        found.joules()
    assert library.calls == ["init", "shutdown"]


def test_without_a_driver_nothing_is_to_be_closed(library: SimpleNamespace) -> None:
    library.nvmlInit = refuse
    with pytest.raises(UnsupportedError, match="finds no NVIDIA driver"), card.open_card():
        pass
    assert library.calls == []
    assert card.doubts() == []


def test_a_card_that_the_driver_does_not_know_is_unsupported(library: SimpleNamespace) -> None:
    library.nvmlDeviceGetHandleByUUID = refuse
    with (
        pytest.raises(UnsupportedError, match="the driver does not know this GPU"),
        card.open_card(),
    ):
        pass
    assert library.calls == ["init", "shutdown"]


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(UnsupportedError, match="nvidia-ml-py: install it"), card.open_card():
        pass
    assert card.doubts() == []


@pytest.mark.parametrize("users", [0, 1])
def test_a_card_that_nobody_else_uses_gives_no_doubt(library: SimpleNamespace, users: int) -> None:
    library.nvmlDeviceGetComputeRunningProcesses = lambda _: ["us"] * users
    assert card.doubts() == []


def test_other_processes_are_counted_without_this_one(library: SimpleNamespace) -> None:
    library.nvmlDeviceGetComputeRunningProcesses = lambda _: ["us", "they"]
    assert card.doubts() == ["other processes use the GPU (1): measure when they have ended"]


@pytest.mark.parametrize("reason", [0x08, 0x20, 0x40, 0x80])
def test_a_card_that_slows_itself_down_is_doubted(library: SimpleNamespace, reason: int) -> None:
    library.nvmlDeviceGetCurrentClocksThrottleReasons = lambda _: reason | 0x01
    assert card.doubts() == ["the GPU is slowed down by heat or power: let it cool down"]


@pytest.mark.parametrize("reason", [0x01, 0x02, 0x04, 0x10, 0x100])
def test_idling_and_a_power_cap_are_no_doubt(library: SimpleNamespace, reason: int) -> None:
    library.nvmlDeviceGetCurrentClocksThrottleReasons = lambda _: reason
    assert card.doubts() == []


def test_what_a_card_keeps_silent_of_is_no_doubt(library: SimpleNamespace) -> None:
    library.nvmlDeviceGetComputeRunningProcesses = lambda _: ["us", "they"]
    library.nvmlDeviceGetCurrentClocksThrottleReasons = refuse
    (doubt,) = card.doubts()
    assert doubt.startswith("other processes use the GPU (1)")
    library.nvmlDeviceGetComputeRunningProcesses = refuse
    assert card.doubts() == []


def test_an_error_of_the_block_closes_the_library(library: SimpleNamespace) -> None:
    def fails() -> Callable[[], None]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), card.open_card():
        fails()
    assert library.calls == ["init", "shutdown"]
