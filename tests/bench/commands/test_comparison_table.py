from dataclasses import replace

import pytest

from bench.choice.accuracies import Accuracy
from bench.choice.budget import Budget, Candidates, Trials
from bench.choice.comparison import Comparison
from bench.choice.costs import KnownCosts
from bench.choice.ranking import Choice, choose, cost_labels, rank
from bench.claims.verdicts import judge
from bench.commands.comparison_table import print_comparison
from bench.records.measurement import Measurement
from suites import Protocol
from tests.bench.choice.known import (
    LATENCY,
    MACS,
    PARAMS,
    accuracy,
    cost,
    costs_by_frames,
    frame_trials,
)
from tests.bench.choice.test_not_built import PRINTED
from tests.records import claim, point

TSN, TAM = point(), point(network="tam", options={"window": 5})


def make_comparison(
    budgets: tuple[Budget, ...],
    costs: list[Measurement],
    accuracies: list[Accuracy],
    *not_compared: Accuracy,
) -> Comparison:
    """TSN at 8 and 9 frames, TAM at 8, and a network that is refused."""
    refused = Trials(Candidates(point(network="i3d", depth=None), "frames", (), "too short"), ())
    known = KnownCosts(costs)
    choices = [
        choose(trials, budgets, known, accuracies)
        for trials in (frame_trials(TSN, 8, 9), frame_trials(TAM, 8), refused)
    ]
    claims = judge([claim(title="A claim")], costs)
    ranked = rank(choices, cost_labels(budgets))
    return Comparison(budgets, tuple(ranked), tuple(claims), tuple(not_compared))


@pytest.fixture
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")


@pytest.mark.usefixtures("_wide")
def test_a_comparison_has_a_table_and_numbered_sources(capsys: pytest.CaptureFixture[str]) -> None:
    costs = [
        *costs_by_frames(TSN, {8: 8e9, 9: 12e9}),
        *costs_by_frames(TAM, {8: 9e9}),
        *costs_by_frames(TSN, {8: 25e6}, PARAMS),
    ]
    accuracies = [
        accuracy(TSN, 50, source="paper"),
        accuracy(TAM, 60, source="store", kind="measured", videos=1000, interval=(57.0, 63.0)),
    ]
    print_comparison(make_comparison((Budget(MACS, 10e9, "10G"),), costs, accuracies), "d")
    lines = capsys.readouterr().out.splitlines()
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    tam = "60.0 (57.0 to 63.0) at 8 frames, measured on 1,000 videos [1]"
    assert rows == [
        [
            *("1", "tam", "50", "window=5", "8", "1", "9.000 G", "", "the end", tam),
            *("not known", "1 view of 224 px", "9.000 G", "macs"),
        ],
        [
            *("2", "tsn", "50", "", "8", "1", "8.000 G", "25.00 M", "macs: 9 frames need 12.00 G"),
            *("50.0 at 8 frames, published [2]", "not known", "1 view of 224 px"),
            *("8.000 G", "macs, params"),
        ],
    ]
    assert lines[0] == "Budget per clip: macs:flop_counter, 10.00 G (10G)"
    last = lines[-7:]
    assert last.pop(3) == "Not compared: i3d: too short"
    assert last[:3] == [
        "Accuracies are top-1 on d, the best known within the budget per clip:",
        "[1] store",
        "[2] paper",
    ]
    assert last[3].startswith(
        "Pareto front by macs per clip: 50.0 by tsn depth 50, 8 frames (8.000 G); 60.0"
    )
    assert last[4].startswith("Pareto front by params: 50.0 by tsn depth 50, 8 frames (25.00 M)")
    assert last[5].startswith("Claim: A claim: not measured here. ")


@pytest.mark.usefixtures("_wide")
def test_doubts_and_missing_accuracies_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    costs = [
        cost(LATENCY, TSN, 0.08, 0.09, 0.09, 0.1, 0.11, 0.12),
        cost(LATENCY, point(frames=9), *6 * [0.2]),
    ]
    budget = Budget(LATENCY, 0.1, "100ms", "Big GPU")
    print_comparison(make_comparison((budget,), costs, []), "d")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Budget per clip: latency:cpu on Big GPU, 100.0 ms (100ms)"
    assert "No accuracy on d is known within the budget per clip." in lines
    doubt = "latency of 8 frames is 80.00 ms to 120.0 ms"
    assert f"tsn depth 50 may or may not fit: {doubt}" in lines


@pytest.mark.usefixtures("_wide")
def test_if_nothing_fits_the_output_says_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    costs = costs_by_frames(TSN, {8: 8e9, 9: 12e9}) + costs_by_frames(TAM, {8: 9e9})
    print_comparison(make_comparison((Budget(MACS, 1e9, "1G"),), costs, []), "d")
    printed = capsys.readouterr().out
    assert "macs: 8 frames need 8.000 G" in printed
    assert "Nothing fits: the column 'limited by' shows what the smallest point needs." in printed


@pytest.mark.usefixtures("_wide")
def test_a_video_costs_all_views_of_its_test(capsys: pytest.CaptureFixture[str]) -> None:
    larger = TSN.model_copy(update={"input_size": 256})
    costs = [*costs_by_frames(TSN, {8: 8e9, 9: 12e9}), *costs_by_frames(larger, {8: 10e9})]
    six_views = accuracy(TSN, 50, source="paper", protocol=Protocol(2, 3, 256))
    budget = Budget(MACS, 60e9, "60G", per="video")
    unknown = accuracy(TSN, 70, source="blog", protocol=None)
    found = make_comparison((budget,), costs, [six_views], unknown)
    left_out = (six_views, unknown, replace(six_views, pretraining="K400"))
    costly = replace(PRINTED, name="Costly", gflops="")
    found = replace(found, left_out=left_out, not_built=(PRINTED, costly))
    print_comparison(found, "d")
    printed = capsys.readouterr().out
    assert (
        "Left out, because of the pretraining of their weights: K400 (1), not known (2)." in printed
    )
    assert (
        "Published, but not built here, so neither measured nor ranked (it is secret): "
        "70.0 by Net, 8 (60.00 G a video as printed, on the front by this figure; "
        "pretraining IN1k); 70.0 by Costly, 8 (cost of a video not printed; pretraining IN1k)"
        in printed
    )
    assert "Budget per video: macs:flop_counter, 60.00 G (60G)" in printed
    assert "│ 2 x 3 views of 256 px │ 10.00 G     │ 60.00 G      │ macs" in printed
    assert "Pareto front by macs per video: 50.0 by tsn depth 50, 8 frames (60.00 G; " in printed
    assert (
        "Not ranked, because the protocol of its test is not known: 70.0 by tsn 50 at 8 frames "
        "(blog)" in printed
    )


@pytest.mark.usefixtures("_wide")
def test_accuracies_by_several_views_are_counted_where_clips_are_compared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    costs = costs_by_frames(TSN, {8: 8e9, 9: 12e9})
    several = accuracy(TSN, 50, protocol=Protocol(2, 3, 256))
    print_comparison(make_comparison((Budget(MACS, 10e9, "10G"),), costs, [], several), "d")
    said = "By several views or at another size: 1 accuracy. '--per video' compares them"
    assert said in capsys.readouterr().out


def printed_rows(printed: str) -> list[tuple[str, str]]:
    """The rank and the network of each row of the table."""
    rows = [line.split("│") for line in printed.splitlines() if line.startswith("│")]
    return [(cells[1].strip(), cells[2].strip()) for cells in rows]


@pytest.mark.usefixtures("_wide")
def test_networks_without_an_accuracy_are_counted_unless_all_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = point(network="net.py:Net", depth=None)
    costs = [cost for base in (TSN, TAM, own) for cost in costs_by_frames(base, {8: 8e9})]
    budgets, known = (Budget(MACS, 10e9, "10G"),), KnownCosts(costs)
    tam = accuracy(TAM, 60)

    def choices(*accuracies: Accuracy) -> tuple[Choice, ...]:
        each = [choose(frame_trials(b, 8), budgets, known, accuracies) for b in (TSN, TAM, own)]
        return tuple(rank(each, [MACS]))

    some = Comparison(budgets, choices(tam), (), ())
    print_comparison(some, "d", shows_all=False)
    printed = capsys.readouterr().out
    named = [(str(n), c.base.network) for n, c in enumerate(some.choices, start=1)]
    assert printed_rows(printed) == [row for row in named if row[1] != "tsn"]
    said = (
        "Not shown, without a known accuracy within the budget per clip: 1 row. '--all' shows all."
    )
    assert said in printed.splitlines()
    for comparison, shows_all in ((some, True), (Comparison(budgets, choices(), (), ()), False)):
        print_comparison(comparison, "d", shows_all=shows_all)
        printed = capsys.readouterr().out
        assert len(printed_rows(printed)) == 3
        assert "Not shown" not in printed
    assert len(some.as_json()["choices"]) == 3
