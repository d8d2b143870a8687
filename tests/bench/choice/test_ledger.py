from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.choice.budget import Budget, Candidates
from bench.choice.ledger import Ledger, measure_counts_then_times, search_candidates
from bench.errors import BenchError
from bench.machine import busy
from bench.machine.environment import usable_cores
from bench.records.measurement import Measurement
from bench.records.store import Store
from bench.runs import runner
from bench.runs.tasks import Task, make_task
from tests.bench.choice.known import LATENCY, MACS, MEMORY, PARAMS, cost
from tests.records import point

SMALL = point(depth=18, frames=1, input_size=32)
TWO = SMALL.model_copy(update={"frames": 2})

Requests = list[tuple[str, int]]  # labels of instruments, and frames


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Requests:
    """The requests to a runner that measures nothing: each cost is 10 per frame."""
    requests: Requests = []

    def run(
        tasks: Sequence[Task],
        store: Store,
        *,
        jobs: int,
        time_limit_s: float,
        on_result: Callable[[Measurement], object],
    ) -> list[Measurement]:
        assert (jobs, time_limit_s) == (usable_cores(), 7.0)
        results = []
        for task in tasks:
            requests.append((task.instrument.label, task.point.frames))
            results.append(cost(task.instrument.label, task.point, 10 * task.point.frames))
            store.put(task.identity, results[-1])
            on_result(results[-1])
        return results

    monkeypatch.setattr(runner, "run", run)
    return requests


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "s", create=True) as opened:
        yield opened


def make_ledger(store: Store, **fields: Any) -> Ledger:
    return Ledger(store, 7.0, fields.pop("on_result", lambda _: None), **fields)


def test_each_cost_is_measured_and_reported_once(store: Store, requests: Requests) -> None:
    results: list[Measurement] = []
    ledger = make_ledger(store, on_result=results.append)
    batch = SMALL.model_copy(update={"batch": 4})  # MACs are per clip
    ledger.measure([(MACS, SMALL), (MACS, batch), (PARAMS, TWO)])
    ledger.measure([(MACS, SMALL)])
    assert requests == [(MACS, 1), (PARAMS, 2)]
    assert results == list(ledger.known.measurements) == store.measurements()
    assert ledger.known.figure(MACS, SMALL) == 10


def test_a_cost_in_the_store_is_not_measured_and_becomes_the_newest(
    store: Store, requests: Requests
) -> None:
    for each, value in ((SMALL, 3), (TWO, 4)):
        store.put(make_task(each, MACS).identity, cost(MACS, each, value))
    ledger = make_ledger(store)
    ledger.measure([(MACS, SMALL), (PARAMS, SMALL)])
    assert requests == [(PARAMS, 1)]
    assert ledger.known.find(MACS, SMALL) == cost(MACS, SMALL, 3)
    assert [m.value for m in store.measurements()] == [4, 3, 10]


def test_an_instrument_with_recorded_figures_measures_nothing(
    store: Store, requests: Requests
) -> None:
    ledger = make_ledger(store, recorded=[cost(LATENCY, SMALL, 2.0)])
    ledger.measure([(LATENCY, SMALL), (LATENCY, TWO), (MACS, TWO)])
    assert requests == [(MACS, 2)]
    assert ledger.value(LATENCY, SMALL) == 2.0
    message = (
        r"latency:cpu of tsn depth 18, 2 frames, .* is not recorded: give the limit as a number"
    )
    with pytest.raises(BenchError, match=message):
        ledger.value(LATENCY, TWO)


def test_an_unknown_value_is_measured(store: Store, requests: Requests) -> None:
    assert make_ledger(store).value(MACS, TWO) == 20
    assert requests == [(MACS, 2)]


def test_a_refusal_of_a_network_is_known_with_its_reason(store: Store, requests: Requests) -> None:
    odd = point(network="blvnet", frames=7)
    ledger = make_ledger(store)
    ledger.measure([(MACS, odd), (MACS, SMALL)])
    assert requests == [(MACS, 1)]
    assert "use 6 or 8" in str(ledger.known.find(MACS, odd))
    with pytest.raises(BenchError, match="use 6 or 8"):
        ledger.value(MACS, odd)


def test_the_search_returns_the_trials_of_all_candidates(store: Store, requests: Requests) -> None:
    tsm = SMALL.model_copy(update={"network": "tsm"})
    candidates = [
        Candidates(SMALL, "frames", range(1, 9), "all"),
        Candidates(tsm, "frames", (2, 4, 6), "all"),
        Candidates(SMALL, "frames", (), "refused"),
    ]
    trials = search_candidates(candidates, [Budget(MACS, 45, "45")], make_ledger(store))
    assert [one.candidates for one in trials] == candidates
    assert set(trials[0].tried) >= {4, 5}  # the largest that fits, and the next
    assert set(trials[1].tried) == {2, 4, 6}
    assert trials[2].tried == ()
    assert len(requests) == len(trials[0].tried) + len(trials[1].tried)


def test_a_search_goes_on_if_the_smallest_candidates_do_not_run(
    store: Store, requests: Requests
) -> None:
    known = [cost(MACS, SMALL, status="failed", samples=(), reason="too short")]
    known += [cost(MACS, SMALL.model_copy(update={"frames": n}), n) for n in (2, 3, 4)]
    (found,) = search_candidates(
        [Candidates(SMALL, "frames", (1, 2, 3, 4), "all", sure=3)],
        [Budget(MACS, 3, "3")],
        make_ledger(store, recorded=known),
    )
    assert set(found.tried) >= {1, 2, 3, 4}
    assert requests == []


def test_times_are_measured_where_all_counts_fit(store: Store, requests: Requests) -> None:
    budgets = [Budget(LATENCY, 1, "1s"), Budget(MACS, 15, "15"), Budget(MEMORY, 10, "10")]
    measure_counts_then_times([SMALL, TWO], budgets, make_ledger(store))
    assert requests == [(MACS, 1), (MACS, 2), (MEMORY, 1), (MEMORY, 2), (LATENCY, 1)]


def test_a_count_at_its_limit_fits(store: Store, requests: Requests) -> None:
    measure_counts_then_times(
        [SMALL], [Budget(MACS, 10, "10"), Budget(LATENCY, 1, "1s")], make_ledger(store)
    )
    assert requests == [(MACS, 1), (LATENCY, 1)]


def test_times_without_counts_are_measured_everywhere(store: Store, requests: Requests) -> None:
    measure_counts_then_times([SMALL, TWO], [Budget(LATENCY, 1, "1s")], make_ledger(store))
    assert requests == [(LATENCY, 1), (LATENCY, 2)]


@pytest.mark.parametrize(
    ("label", "status", "is_repeated"),
    [
        (MACS, "failed", False),  # it would fail again
        (MACS, "killed", True),
        (LATENCY, "failed", True),
    ],
)
def test_a_failed_count_is_not_repeated(
    store: Store, requests: Requests, label: str, status: str, is_repeated: bool
) -> None:
    failure = {"status": status, "samples": (), "reason": "r"}
    store.put(make_task(SMALL, label).identity, cost(label, SMALL, 1).model_copy(update=failure))
    ledger = make_ledger(store)
    ledger.measure([(label, SMALL)])
    assert requests == ([(label, 1)] if is_repeated else [])
    known = ledger.known.find(label, SMALL)
    assert isinstance(known, Measurement)
    assert known.status == ("ok" if is_repeated else status)


def test_a_latency_of_fewer_threads_than_are_free_is_measured_again(
    store: Store, requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(busy, "free_threads", lambda _: 2)
    monkeypatch.setattr(runner, "usable_cores", lambda: 2)
    for each, threads in ((SMALL, 2), (TWO, 1)):
        taken = cost(LATENCY, each, 3).model_copy(update={"settings": {"threads": threads}})
        store.put(make_task(each, LATENCY).identity, taken)
    ledger = make_ledger(store)
    ledger.measure([(LATENCY, SMALL), (LATENCY, TWO)])
    assert requests == [(LATENCY, 2)]
    assert [ledger.known.figure(LATENCY, each) for each in (SMALL, TWO)] == [3, 20]
