from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.choice.budget import Budget, Candidates
from bench.choice.ledger import Ledger, measure_in_turn, search_candidates
from bench.errors import BenchError
from bench.machine.environment import usable_cores
from bench.records.measurement import Measurement
from bench.records.store import Store
from bench.runs import runner
from bench.runs.tasks import Task, make_task
from tests.bench.choice.costs import LATENCY, MACS, MEMORY, PARAMS, cost
from tests.records import point

SMALL = point(depth=18, frames=1, input_size=32)
TWO = SMALL.model_copy(update={"frames": 2})

Measured = list[tuple[str, int]]  # the instruments' labels and the frames, in turn


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    """What the runner is asked for; figures are not measured: a clip costs 10 for each frame."""
    asked: Measured = []

    def run(
        tasks: Sequence[Task],
        store: Store,
        *,
        jobs: int,
        time_limit_s: float,
        on_result: Callable[[Measurement], object],
    ) -> list[Measurement]:
        assert (jobs, time_limit_s) == (usable_cores(), 7.0)
        found = []
        for each in tasks:
            asked.append((each.instrument.label, each.point.frames))
            found.append(cost(each.instrument.label, each.point, 10 * each.point.frames))
            store.put(each.identity, found[-1])
            on_result(found[-1])
        return found

    monkeypatch.setattr(runner, "run", run)
    return asked


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "s", create=True) as opened:
        yield opened


def ledger_of(store: Store, **fields: Any) -> Ledger:
    return Ledger(store, 7.0, fields.pop("on_result", lambda _: None), **fields)


def test_what_is_wanted_is_measured_once_and_told(store: Store, measured: Measured) -> None:
    told: list[Measurement] = []
    ledger = ledger_of(store, on_result=told.append)
    batch = SMALL.model_copy(update={"batch": 4})  # MACs are of a clip
    ledger.measure([(MACS, SMALL), (MACS, batch), (PARAMS, TWO)])
    ledger.measure([(MACS, SMALL)])
    assert measured == [(MACS, 1), (PARAMS, 2)]
    assert told == list(ledger.known.measurements) == store.measurements()
    assert ledger.known.figure(MACS, SMALL) == 10


def test_what_the_store_has_is_not_measured_again_and_becomes_its_newest(
    store: Store, measured: Measured
) -> None:
    for where, value in ((SMALL, 3), (TWO, 4)):
        store.put(make_task(where, MACS).identity, cost(MACS, where, value))
    ledger = ledger_of(store)
    ledger.measure([(MACS, SMALL), (PARAMS, SMALL)])
    assert measured == [(PARAMS, 1)]
    assert ledger.known.find(MACS, SMALL) == cost(MACS, SMALL, 3)
    assert [m.value for m in store.measurements()] == [4, 3, 10]


def test_of_what_is_recorded_nothing_is_measured(store: Store, measured: Measured) -> None:
    ledger = ledger_of(store, recorded=[cost(LATENCY, SMALL, 2.0)])
    ledger.measure([(LATENCY, SMALL), (LATENCY, TWO), (MACS, TWO)])
    assert measured == [(MACS, 2)]
    assert ledger.value(LATENCY, SMALL) == 2.0
    message = (
        r"latency:cpu of tsn depth 18, 2 frames, .* is not recorded: give the limit as a number"
    )
    with pytest.raises(BenchError, match=message):
        ledger.value(LATENCY, TWO)


def test_a_value_is_measured_where_it_is_not_known(store: Store, measured: Measured) -> None:
    assert ledger_of(store).value(MACS, TWO) == 20
    assert measured == [(MACS, 2)]


def test_what_a_network_refuses_is_known_by_its_reason(store: Store, measured: Measured) -> None:
    odd = point(network="blvnet", frames=7)
    ledger = ledger_of(store)
    ledger.measure([(MACS, odd), (MACS, SMALL)])
    assert measured == [(MACS, 1)]
    assert "use 6 or 8" in str(ledger.known.find(MACS, odd))
    with pytest.raises(BenchError, match="use 6 or 8"):
        ledger.value(MACS, odd)


def test_every_ladder_is_climbed_to_what_fits_and_what_was_tried_is_told(
    store: Store, measured: Measured
) -> None:
    tsm = SMALL.model_copy(update={"network": "tsm"})
    ladders = [
        Candidates(SMALL, "frames", range(1, 9), "all"),
        Candidates(tsm, "frames", (2, 4, 6), "all"),
        Candidates(SMALL, "frames", (), "refused"),
    ]
    climbs = search_candidates(ladders, [Budget(MACS, 45, "45")], ledger_of(store))
    assert [one.candidates for one in climbs] == ladders
    assert set(climbs[0].tried) >= {4, 5}  # the largest that fits, and the next
    assert set(climbs[1].tried) == {2, 4, 6}
    assert climbs[2].tried == ()
    assert len(measured) == len(climbs[0].tried) + len(climbs[1].tried)


def test_where_the_smallest_does_not_run_a_climb_goes_on_at_what_surely_does(
    store: Store, measured: Measured
) -> None:
    known = [cost(MACS, SMALL, status="failed", samples=(), reason="too short")]
    known += [cost(MACS, SMALL.model_copy(update={"frames": n}), n) for n in (2, 3, 4)]
    (found,) = search_candidates(
        [Candidates(SMALL, "frames", (1, 2, 3, 4), "all", sure=3)],
        [Budget(MACS, 3, "3")],
        ledger_of(store, recorded=known),
    )
    assert set(found.tried) >= {1, 2, 3, 4}
    assert measured == []


def test_a_machine_is_measured_where_all_that_is_counted_fits(
    store: Store, measured: Measured
) -> None:
    budgets = [Budget(LATENCY, 1, "1s"), Budget(MACS, 15, "15"), Budget(MEMORY, 10, "10")]
    measure_in_turn([SMALL, TWO], budgets, ledger_of(store))
    assert measured == [(MACS, 1), (MACS, 2), (MEMORY, 1), (MEMORY, 2), (LATENCY, 1)]


def test_the_limit_of_what_is_counted_fits(store: Store, measured: Measured) -> None:
    measure_in_turn([SMALL], [Budget(MACS, 10, "10"), Budget(LATENCY, 1, "1s")], ledger_of(store))
    assert measured == [(MACS, 1), (LATENCY, 1)]


def test_a_machine_alone_is_measured_everywhere(store: Store, measured: Measured) -> None:
    measure_in_turn([SMALL, TWO], [Budget(LATENCY, 1, "1s")], ledger_of(store))
    assert measured == [(LATENCY, 1), (LATENCY, 2)]


@pytest.mark.parametrize(
    ("label", "status", "is_tried"),
    [
        (MACS, "failed", False),  # as it will again
        (MACS, "killed", True),
        (LATENCY, "failed", True),
    ],
)
def test_a_count_that_failed_is_not_tried_again(
    store: Store, measured: Measured, label: str, status: str, is_tried: bool
) -> None:
    without = {"status": status, "samples": (), "reason": "r"}
    store.put(make_task(SMALL, label).identity, cost(label, SMALL, 1).model_copy(update=without))
    ledger = ledger_of(store)
    ledger.measure([(label, SMALL)])
    assert measured == ([(label, 1)] if is_tried else [])
    known = ledger.known.find(label, SMALL)
    assert isinstance(known, Measurement)
    assert known.status == ("ok" if is_tried else status)
