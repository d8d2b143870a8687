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
    assert third.untyped_storage()._cdata == events[1].key


def test_the_events_of_two_steps_give_the_peak_of_the_second() -> None:
    peak = simulate(two_layers, (3, 3, 1, 2, 2), block_bytes=1)
    trace, alive, most = peak.trace, {}, 0
    for event in (*trace.setup(), *trace.first_step(), *trace.later_step()):
        if event.born:
            assert event.key not in alive
            alive[event.key] = event.size_bytes
        else:
            assert alive.pop(event.key) == event.size_bytes
        most = max(most, sum(alive.values()))
    assert most == peak.peak_bytes
