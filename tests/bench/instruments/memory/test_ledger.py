"""The ledger against tensors whose births and deaths are known."""

import torch

from bench.instruments.memory import simulate
from bench.instruments.memory.ledger import Event, Ledger
from tests.bench.instruments.memory.test_simulated import two_layers


def test_births_and_deaths_are_observed_in_order_with_sizes_that_are_not_rounded() -> None:
    events: list[Event] = []
    ledger = Ledger(512, events.append)
    with torch.device("meta"), ledger:
        first = torch.empty(100)
        second = first + 1
        del first
        third = second.view(10, 10)  # has second's storage
    assert [(event.size_bytes, event.born) for event in events] == [
        (400, True),
        (400, True),
        (400, False),
    ]
    assert events[2].key == events[0].key != events[1].key
    assert ledger.peak_bytes == 1024
    assert third.untyped_storage().nbytes() == 400


def test_the_events_of_a_step_give_its_peak() -> None:
    peak = simulate(two_layers, (3, 3, 1, 2, 2), device="cpu")
    events = peak.trace.events
    early = [event for event in events if event.is_early]
    assert [event.kind for event in early] == ["optimizer", "optimizer"]
    alive: dict[int, int] = {}
    most = 0
    for event in (*early, *(event for event in events if not event.is_early)):
        if event.born:
            assert event.key not in alive
            alive[event.key] = event.size_bytes
        else:
            assert alive.pop(event.key) == event.size_bytes
        most = max(most, sum(alive.values()))
    assert most == peak.peak_bytes


def test_what_an_operator_is_given_was_there_from_the_start() -> None:
    with torch.device("meta"):
        kept = torch.empty(1000)
        ledger = Ledger()
        with ledger:
            torch.empty(500)  # dead before `kept` is used
            kept[:10] + 1
    assert ledger.peak_by_kind["buffers"] == 4000
    assert ledger.peak_bytes == 4000 + 2000


def test_what_is_expected_counts_as_said_if_it_is_used() -> None:
    with torch.device("meta"):
        used, unused = torch.empty(10), torch.empty(10)
        ledger = Ledger()
        ledger.expect([used, unused], "optimizer")
        with ledger:
            used.add_(1)
    assert ledger.peak_by_kind["optimizer"] == ledger.peak_bytes == 40


def test_a_storage_that_grows_is_copied_into_a_new_block() -> None:
    events: list[Event] = []
    ledger = Ledger(observe=events.append)
    with torch.device("meta"), ledger:
        grown = torch.empty(10)
        grown.resize_(30)
        grown.resize_(20)  # keeps its storage
        del grown
    changes = [(event.size_bytes, event.born) for event in events]
    assert changes == [(40, True), (120, True), (40, False), (120, False)]
    assert ledger.peak_bytes == 160


def test_a_result_that_outgrows_its_storage_is_followed() -> None:
    ledger = Ledger()
    with torch.device("meta"), ledger:
        out = torch.empty(0)
        torch.cat([torch.empty(10), torch.empty(20)], out=out)
    assert ledger.peak_bytes == 40 + 80 + 120
