from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.choice.comparison import (
    CLAIMS,
    BudgetRequest,
    Comparison,
    Request,
    compare,
    select_latencies,
)
from bench.choice.ledger import Ledger
from bench.errors import BenchError
from bench.machine.environment import current_environment
from bench.records.measurement import Measurement
from bench.records.store import Store
from bench.runs import runner
from bench.runs.tasks import Task
from suites import Claim, load_claims
from tests.bench.choice.known import LATENCY, MACS, MEMORY, PARAMS, accuracy, cost
from tests.records import measurement, point

TSN = point(depth=18, frames=1, input_size=32)
TSM = TSN.model_copy(update={"network": "tsm"})
PER_FRAME = {"tsn": 10, "tsm": 20}  # MACs, seconds and bytes; other networks cost 20 as well
Requests = list[tuple[str, str, int, int]]  # label, network, frames and batch


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Requests:
    """The requests to a runner whose costs are made up, and rise with the frames."""
    requests: Requests = []

    def run(
        tasks: Sequence[Task], store: Store, *, on_result: Callable[[Measurement], object], **_: Any
    ) -> list[Measurement]:
        results = []
        for task in tasks:
            label, point = task.instrument.label, task.point
            requests.append((label, point.network, point.frames, point.batch))
            amount = PER_FRAME.get(point.network, 20) * point.frames * point.batch
            results.append(cost(label, point, amount))
        return results

    monkeypatch.setattr(runner, "run", run)
    return requests


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Store(tmp_path / "s", create=True) as store:
        yield Ledger(store, 7.0, lambda _: None)


def make_request(*budgets: BudgetRequest, **fields: Any) -> Request:
    """A request for TSN and TSM at `budgets` with at most 8 frames."""
    defaults: dict[str, Any] = {
        "bases": (TSN, TSM),
        "budgets": budgets,
        "accuracies": (),
        "max_frames": 8,
        "frames": None,
        "search_batch": False,
        "recorded": None,
    }
    return Request(**{**defaults, **fields})


def list_fits(comparison: Comparison) -> list[tuple[str, int, int]]:
    """The networks in their order, with the frames and the batch of their fit."""
    return [
        (choice.base.network, choice.fit.point.frames, choice.fit.point.batch)
        for choice in comparison.choices
        if choice.fit
    ]


def test_the_most_frames_within_a_limit_are_found(requests: Requests, ledger: Ledger) -> None:
    found = compare(make_request(BudgetRequest(MACS, "60", 60)), ledger, ())
    assert list_fits(found) == [("tsn", 6, 1), ("tsm", 3, 1)]
    assert found.labels == (MACS, PARAMS)
    assert [choice.limit for choice in found.choices] == [
        "macs: 7 frames need 70.00",
        "macs: 4 frames need 80.00",
    ]
    parameters = {request[1:] for request in requests if request[0] == PARAMS}
    assert parameters == {("tsn", 6, 1), ("tsm", 3, 1)}  # of the fits, not of every trial


def test_the_cost_of_a_network_is_a_limit(requests: Requests, ledger: Ledger) -> None:
    three = TSM.model_copy(update={"frames": 3})
    found = compare(make_request(BudgetRequest(MACS, "tsm:18:3", three)), ledger, ())
    (budget,) = found.budgets
    assert (budget.limit, budget.text, budget.machine) == (60, "tsm:18:3", "")
    assert list_fits(found) == [("tsn", 6, 1), ("tsm", 3, 1)]


def test_a_network_that_costs_nothing_is_not_a_limit(
    requests: Requests, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PER_FRAME, "tsn", 0)
    with pytest.raises(BenchError, match=r"^tsn:18:1 has macs:flop_counter 0: give the limit"):
        compare(make_request(BudgetRequest(MACS, "tsn:18:1", TSN)), ledger, ())


def test_the_search_batch_is_searched_at_the_frames_that_fit(
    requests: Requests, ledger: Ledger
) -> None:
    budget = BudgetRequest(MEMORY, "35", 35)
    found = compare(make_request(budget, frames=1, search_batch=True), ledger, ())
    assert list_fits(found) == [("tsm", 1, 1), ("tsn", 1, 3)]
    alone = compare(make_request(budget, frames=1), ledger, ())
    assert list_fits(alone) == [("tsm", 1, 1), ("tsn", 1, 1)]
    nothing = compare(
        make_request(BudgetRequest(MEMORY, "15", 15), frames=1, search_batch=True), ledger, ()
    )
    assert [choice.fits for choice in nothing.choices] == [True, False]


def test_no_batch_is_tried_if_no_frames_fit(requests: Requests, ledger: Ledger) -> None:
    pairs = TSM.model_copy(update={"batch": 2})
    compare(
        make_request(BudgetRequest(MEMORY, "35", 35), bases=(pairs,), search_batch=True), ledger, ()
    )
    assert {batch for label, _, _, batch in requests if label == MEMORY} == {2}


def test_costs_of_accuracies_are_measured_up_to_the_frames_that_fit(
    requests: Requests, ledger: Ledger
) -> None:
    known = tuple(
        accuracy(TSN.model_copy(update={"frames": n}), top1) for n, top1 in ((4, 50), (7, 70))
    )
    budgets = (BudgetRequest(MACS, "60", 60), BudgetRequest(LATENCY, "1", 1000))
    found = compare(make_request(*budgets, accuracies=known), ledger, ())
    assert [(t.accuracy.top1, t.point.frames) for t in found.choices[0].trade_offs] == [(50, 4)]
    assert found.choices[0].trade_offs[0].costs == {MACS: 40, PARAMS: 40, LATENCY: 40}
    assert (LATENCY, "tsn", 7, 1) not in requests
    assert (PARAMS, "tsn", 7, 1) not in requests


def test_recorded_latencies_restrict_the_frames(requests: Requests, ledger: Ledger) -> None:
    recorded = [cost(LATENCY, TSN.model_copy(update={"frames": n}), n) for n in (2, 4, 8)]
    recorded.append(cost(LATENCY, TSM.model_copy(update={"frames": 2, "batch": 2}), 1))
    recorded_ledger = Ledger(ledger._store, 7.0, lambda _: None, recorded)
    budget = BudgetRequest(LATENCY, "5", 5, "Big GPU")
    found = compare(make_request(budget, recorded=tuple(recorded)), recorded_ledger, ())
    tsn, tsm = found.choices
    assert tsn.fit is not None
    assert tsn.fit.point.frames == 4
    assert tsm.refused == "no latency of this network is recorded"  # only for a batch of 2
    assert found.budgets[0].machine == "Big GPU"
    assert LATENCY not in {label for label, *_ in requests}


def paper_claims() -> list[Claim]:
    return [claim for claim in load_claims() if claim.id in CLAIMS]


def test_claims_of_equal_budgets_are_judged_if_their_quantity_has_a_budget(
    requests: Requests, ledger: Ledger
) -> None:
    assert {claim.label for claim in paper_claims()} == {MACS, MEMORY}
    found = compare(make_request(BudgetRequest(MACS, "60", 60)), ledger, load_claims())
    assert [result.claim.id for result in found.claims] == ["deeper-longer-macs"]
    assert all(case.gap == "" for case in found.claims[0].cases)
    other = compare(make_request(BudgetRequest(PARAMS, "60", 60)), ledger, load_claims())
    assert other.claims == ()


def test_a_comparison_as_json_has_ranks_and_fronts(requests: Requests, ledger: Ledger) -> None:
    known = (accuracy(TSN, 50), accuracy(TSM, 60))
    found = compare(make_request(BudgetRequest(MACS, "60", 60), accuracies=known), ledger, ())
    data = found.as_json()
    ranked = [(c["rank"], c["network"], c["frames"]) for c in data["choices"]]
    assert ranked == [(1, "tsm", 3), (2, "tsn", 6)]
    assert [b["limit"] for b in data["budgets"]] == [60]
    assert set(data["pareto"]) == {MACS, PARAMS}
    front = [(one["point"]["network"], one["top1"]) for one in data["pareto"][MACS]]
    assert front == [("tsn", 50), ("tsm", 60)]
    assert data["claims"] == []


def latency_on(gpu: str, **fields: Any) -> Measurement:
    """A latency on a GPU with this name."""
    card = {"accelerator": gpu, "accelerator_memory_bytes": 80 << 30}
    kind = {"quantity": "latency", "instrument": "cuda", "unit": "seconds", "samples": (1.0,)}
    environment = current_environment().model_copy(update=card)
    return measurement(TSN, **{**kind, "environment": environment, **fields})


def test_a_machine_is_found_by_its_name_or_a_part_of_it() -> None:
    h100, h200 = latency_on("NVIDIA H100"), latency_on("NVIDIA H200")
    throughput = latency_on("NVIDIA H100", quantity="throughput", unit="clips/s")
    assert select_latencies([h100, throughput, h200], "h100") == [h100]
    assert select_latencies([h100, h200], "NVIDIA H200, 80 GiB") == [h200]
    longer = latency_on("NVIDIA H100, 80 GiB")  # this name contains the other one
    assert select_latencies([h100, longer], "NVIDIA H100, 80 GiB") == [h100]


def test_a_name_of_several_machines_or_none_is_refused() -> None:
    both = [latency_on("NVIDIA H200"), latency_on("NVIDIA H100")]
    known = "choose one of NVIDIA H100, 80 GiB; NVIDIA H200, 80 GiB"
    for name, matches in (("nvidia", "several machines"), ("V100", "no machine")):
        with pytest.raises(BenchError) as caught:
            select_latencies(both, name)
        assert str(caught.value) == f"--machine {name!r} matches {matches}: {known}"
    with pytest.raises(BenchError, match=r"^no latency of another machine is recorded: "):
        select_latencies([latency_on("H100", quantity="throughput", unit="clips/s")], "H100")
