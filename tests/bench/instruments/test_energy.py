"""The energy counter of a card that is not there: nvidia-ml-py and CUDA are played by the test."""

import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch

from bench.errors import UnsupportedError
from bench.instruments import energy
from bench.machine import card as cards
from tests.clock import Clock, stop_clocks

WATTS = 200.0
STEP_S = 0.125


class NVMLError(Exception):
    pass


class Card:
    """A card that draws `WATTS`, all the time, by a clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.counts, self.open, self.asked_for = True, 0, ""
        self.users, self.reasons = 1, 0

    def energy(self, _: object) -> int:
        if not self.counts:
            raise NVMLError("Not Supported")
        return int(self.clock.perf_counter() * WATTS * 1e3)  # mJ


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[Card]:
    card = Card(stop_clocks(monkeypatch, energy))

    def by_uuid(uuid: str) -> Card:
        card.asked_for = uuid
        return card

    library = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: setattr(card, "open", card.open + 1),
        nvmlShutdown=lambda: setattr(card, "open", card.open - 1),
        nvmlDeviceGetHandleByUUID=by_uuid,
        nvmlDeviceGetTotalEnergyConsumption=card.energy,
        nvmlDeviceGetComputeRunningProcesses=lambda _: [object()] * card.users,
        nvmlDeviceGetCurrentClocksThrottleReasons=lambda _: card.reasons,
    )
    monkeypatch.setitem(sys.modules, "pynvml", library)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    properties = SimpleNamespace(uuid="1234-abcd")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: properties)
    yield card
    assert card.open == 0


def test_a_known_power_over_a_known_time_is_measured(card: Card) -> None:
    joules = energy.measure(lambda: card.clock.sleep(STEP_S))
    assert joules == (WATTS * STEP_S,) * energy.SAMPLES
    assert card.asked_for == "GPU-1234-abcd"


def test_a_card_that_does_not_count_is_unsupported(card: Card) -> None:
    card.counts = False
    with pytest.raises(UnsupportedError, match=r"has no energy counter \(Not Supported\)"):
        energy.measure(lambda: None)


def test_without_the_package_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(UnsupportedError, match="nvidia-ml-py: install it"):
        energy.measure(lambda: None)


def test_a_card_that_is_alone_and_cool_gives_no_doubt(card: Card) -> None:
    card.reasons = 0x04  # its power cap, at which large cards run
    assert cards.doubts() == []


def test_a_shared_or_hot_card_does(card: Card) -> None:
    card.users, card.reasons = 3, 0x40
    others, heat = cards.doubts()
    assert others.startswith("other processes use the GPU (2)")
    assert "slowed down" in heat


def test_without_the_package_nobody_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert cards.doubts() == []
