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
    latencies_of,
)
from bench.choice.ledger import Ledger
from bench.errors import BenchError
from bench.machine.environment import current_environment
from bench.records.measurement import Measurement
from bench.records.store import Store
from bench.runs import runner
from bench.runs.tasks import Task
from suites import Claim, load_claims
from tests.bench.choice.costs import LATENCY, MACS, MEMORY, PARAMS, accuracy, cost
from tests.records import measurement, point

TSN = point(depth=18, frames=1, input_size=32)
TSM = TSN.model_copy(update={"network": "tsm"})
PER_FRAME = {"tsn": 10, "tsm": 20}  # MACs, seconds and bytes of a clip; of others as of tsm
Measured = list[tuple[str, str, int, int]]  # label, network, frames and batch


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    """What the runner is asked for; the costs are made up, and rise with the frames."""
    asked: Measured = []

    def run(
        tasks: Sequence[Task], store: Store, *, on_result: Callable[[Measurement], object], **_: Any
    ) -> list[Measurement]:
        found = []
        for each in tasks:
            label, where = each.instrument.label, each.point
            asked.append((label, where.network, where.frames, where.batch))
            amount = PER_FRAME.get(where.network, 20) * where.frames * where.batch
            found.append(cost(label, where, amount))
        return found

    monkeypatch.setattr(runner, "run", run)
    return asked


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Store(tmp_path / "s", create=True) as store:
        yield Ledger(store, 7.0, lambda _: None)


def request(*budgets: BudgetRequest, **fields: Any) -> Request:
    """TSN and TSM at `budgets` over at most 8 frames."""
    defaults: dict[str, Any] = {
        "bases": (TSN, TSM),
        "budgets": budgets,
        "accuracies": (),
        "max_frames": 8,
        "frames": None,
        "largest_batch": False,
        "recorded": None,
    }
    return Request(**{**defaults, **fields})


def chosen(comparison: Comparison) -> list[tuple[str, int, int]]:
    """The networks in their order, with the frames and clips that were chosen."""
    return [
        (choice.base.network, choice.fit.point.frames, choice.fit.point.batch)
        for choice in comparison.choices
        if choice.fit
    ]


def test_the_most_frames_within_a_limit_are_found(measured: Measured, ledger: Ledger) -> None:
    found = compare(request(BudgetRequest(MACS, "60", 60)), ledger, ())
    assert chosen(found) == [("tsn", 6, 1), ("tsm", 3, 1)]
    assert found.labels == (MACS, PARAMS)
    assert [choice.limit for choice in found.choices] == [
        "macs: 7 frames need 70.00",
        "macs: 4 frames need 80.00",
    ]
    parameters = {entry[1:] for entry in measured if entry[0] == PARAMS}
    assert parameters == {("tsn", 6, 1), ("tsm", 3, 1)}  # of what is shown, not of what was tried


def test_what_a_network_costs_is_a_limit(measured: Measured, ledger: Ledger) -> None:
    three = TSM.model_copy(update={"frames": 3})
    found = compare(request(BudgetRequest(MACS, "tsm:18:3", three)), ledger, ())
    (budget,) = found.budgets
    assert (budget.limit, budget.text, budget.machine) == (60, "tsm:18:3", "")
    assert chosen(found) == [("tsn", 6, 1), ("tsm", 3, 1)]


def test_what_costs_nothing_is_no_limit(
    measured: Measured, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PER_FRAME, "tsn", 0)
    with pytest.raises(BenchError, match=r"^tsn:18:1 has macs:flop_counter 0: give the limit"):
        compare(request(BudgetRequest(MACS, "tsn:18:1", TSN)), ledger, ())


def test_the_largest_batch_is_searched_at_the_frames_that_fit(
    measured: Measured, ledger: Ledger
) -> None:
    budget = BudgetRequest(MEMORY, "35", 35)
    found = compare(request(budget, frames=1, largest_batch=True), ledger, ())
    assert chosen(found) == [("tsm", 1, 1), ("tsn", 1, 3)]
    alone = compare(request(budget, frames=1), ledger, ())
    assert chosen(alone) == [("tsm", 1, 1), ("tsn", 1, 1)]
    nothing = compare(
        request(BudgetRequest(MEMORY, "15", 15), frames=1, largest_batch=True), ledger, ()
    )
    assert [choice.fits for choice in nothing.choices] == [True, False]


def test_at_frames_that_do_not_fit_no_batch_is_tried(measured: Measured, ledger: Ledger) -> None:
    pairs = TSM.model_copy(update={"batch": 2})
    compare(
        request(BudgetRequest(MEMORY, "35", 35), bases=(pairs,), largest_batch=True), ledger, ()
    )
    assert {batch for label, _, _, batch in measured if label == MEMORY} == {2}


def test_an_accuracy_at_fewer_frames_than_fit_is_measured_and_one_at_more_is_not(
    measured: Measured, ledger: Ledger
) -> None:
    known = tuple(
        accuracy(TSN.model_copy(update={"frames": n}), top1) for n, top1 in ((4, 50), (7, 70))
    )
    budgets = (BudgetRequest(MACS, "60", 60), BudgetRequest(LATENCY, "1", 1000))
    found = compare(request(*budgets, accuracies=known), ledger, ())
    assert [(s.accuracy.top1, s.point.frames) for s in found.choices[0].scored] == [(50, 4)]
    assert found.choices[0].scored[0].costs == {MACS: 40, PARAMS: 40, LATENCY: 40}
    assert (LATENCY, "tsn", 7, 1) not in measured
    assert (PARAMS, "tsn", 7, 1) not in measured


def test_recorded_latencies_are_the_only_frames(measured: Measured, ledger: Ledger) -> None:
    recorded = [cost(LATENCY, TSN.model_copy(update={"frames": n}), n) for n in (2, 4, 8)]
    recorded.append(cost(LATENCY, TSM.model_copy(update={"frames": 2, "batch": 2}), 1))
    with_recorded = Ledger(ledger._store, 7.0, lambda _: None, recorded)
    budget = BudgetRequest(LATENCY, "5", 5, "Big GPU")
    found = compare(request(budget, recorded=tuple(recorded)), with_recorded, ())
    tsn, tsm = found.choices
    assert tsn.fit is not None
    assert tsn.fit.point.frames == 4
    assert tsm.refused == "no latency of it is recorded"  # of one clip
    assert found.budgets[0].machine == "Big GPU"
    assert LATENCY not in {label for label, *_ in measured}


def paper_claims() -> list[Claim]:
    return [claim for claim in load_claims() if claim.id in CLAIMS]


def test_claims_of_equal_budgets_are_judged_where_their_quantity_is_budgeted(
    measured: Measured, ledger: Ledger
) -> None:
    assert {claim.label for claim in paper_claims()} == {MACS, MEMORY}
    found = compare(request(BudgetRequest(MACS, "60", 60)), ledger, load_claims())
    assert [result.claim.id for result in found.claims] == ["deeper-longer-macs"]
    assert all(case.gap == "" for case in found.claims[0].cases)
    other = compare(request(BudgetRequest(PARAMS, "60", 60)), ledger, load_claims())
    assert other.claims == ()


def test_a_comparison_as_json_has_ranks_and_fronts(measured: Measured, ledger: Ledger) -> None:
    known = (accuracy(TSN, 50), accuracy(TSM, 60))
    found = compare(request(BudgetRequest(MACS, "60", 60), accuracies=known), ledger, ())
    data = found.as_json()
    ranked = [(c["rank"], c["network"], c["frames"]) for c in data["choices"]]
    assert ranked == [(1, "tsm", 3), (2, "tsn", 6)]
    assert [b["limit"] for b in data["budgets"]] == [60]
    assert set(data["pareto"]) == {MACS, PARAMS}
    front = [(one["point"]["network"], one["top1"]) for one in data["pareto"][MACS]]
    assert front == [("tsn", 50), ("tsm", 60)]
    assert data["claims"] == []


def on(name: str, **fields: Any) -> Measurement:
    """A latency on the GPU called `name`."""
    card = {"accelerator": name, "accelerator_memory_bytes": 80 << 30}
    kind = {"quantity": "latency", "instrument": "cuda", "unit": "seconds", "samples": (1.0,)}
    environment = current_environment().model_copy(update=card)
    return measurement(TSN, **{**kind, "environment": environment, **fields})


def test_the_latencies_of_one_machine_are_found_by_its_name_or_a_part_of_it() -> None:
    h100, h200 = on("NVIDIA H100"), on("NVIDIA H200")
    throughput = on("NVIDIA H100", quantity="throughput", unit="clips/s")
    assert latencies_of([h100, throughput, h200], "h100") == [h100]
    assert latencies_of([h100, h200], "NVIDIA H200, 80 GiB") == [h200]
    longer = on("NVIDIA H100, 80 GiB")  # whose name has the other's as a part
    assert latencies_of([h100, longer], "NVIDIA H100, 80 GiB") == [h100]


def test_a_name_of_several_machines_or_none_is_refused_with_the_known_ones() -> None:
    both = [on("NVIDIA H200"), on("NVIDIA H100")]
    known = "choose one of NVIDIA H100, 80 GiB; NVIDIA H200, 80 GiB"
    for name, how in (("nvidia", "several machines"), ("V100", "no machine")):
        with pytest.raises(BenchError) as caught:
            latencies_of(both, name)
        assert str(caught.value) == f"--machine {name!r} matches {how}: {known}"
    with pytest.raises(BenchError, match=r"^no latency of another machine is recorded: "):
        latencies_of([on("H100", quantity="throughput", unit="clips/s")], "H100")
