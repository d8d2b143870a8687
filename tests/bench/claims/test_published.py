from dataclasses import replace
from typing import Any

import pytest

from bench.claims.findings import Standing
from bench.claims.published import find_published
from bench.claims.verdicts import ClaimResult, Verdict, judge
from bench.records.measurement import Measurement
from suites import Case, Protocol, PublishedRow, load_claims, load_published
from tests.records import claim, measurement, point

ONE, SIX = Protocol(1, 1, 224), Protocol(2, 3, 256)
TSN, TAM = point(), point(network="tam")


def row(network: str, top1: float | None, protocol: Protocol | None = ONE) -> PublishedRow:
    """A row of a network at depth 50 over 8 frames on the data set `d`."""
    fields: dict[str, Any] = {"network": network, "depth": 50, "options": (), "dataset": "d"}
    return replace(load_published()[0], **fields, top1=top1, protocol=protocol)


def test_accuracies_that_were_tested_alike_are_compared() -> None:
    rows = [row("tam", 50), row("tam", 60, SIX), row("tsn", 49), row("tsn", 70, None)]
    found = find_published(rows, "d", TAM, TSN)
    assert found
    assert (found.value, found.numerator.top1, found.denominator.top1) == (1.0, 50, 49)
    assert found.figure == "+1.0 (50 and 49)"


def test_the_claim_has_to_hold_against_the_best_row_of_the_other_network() -> None:
    rows = [row("tam", 50), row("tsn", 30), row("tsn", 55, SIX), row("tam", 52, SIX)]
    found = find_published(rows, "d", TAM, TSN)
    assert found
    assert found.value == -3.0


@pytest.mark.parametrize(
    "rows",
    [
        [row("tam", 50), row("tsn", 40, SIX)],
        [row("tam", 50), row("tsn", 40, None)],
        [row("tam", 50), row("tsn", None)],
        [row("tam", 50)],
        [],
    ],
)
def test_without_two_that_were_tested_alike_there_is_nothing(rows: list[PublishedRow]) -> None:
    assert find_published(rows, "d", TAM, TSN) is None
    assert find_published([row("tam", 50), row("tsn", 40)], "other", TAM, TSN) is None


def judged(
    *measurements: Measurement, rows: tuple[PublishedRow, ...], frames: tuple[int, ...] = (8,)
) -> ClaimResult:
    """The claim that TAM is more accurate than TSN, at some frames on the data set `d`."""
    asked = claim(
        quantity="accuracy",
        instrument="evaluated",
        compare="points",
        at_least=0.0,
        numerator={"network": "tam"},
        denominator={"network": "tsn"},
        cases=[Case(label=f"{n} frames", depth=50, frames=n, dataset="d") for n in frames],
    )
    (result,) = judge([asked], measurements, rows)
    return result


def accuracy(network: str, right: int) -> Measurement:
    return measurement(
        point(network=network, dataset="d"),
        quantity="accuracy",
        instrument="evaluated",
        unit="percent",
        samples=(100,) * right + (0,) * (100 - right),
    )


@pytest.mark.parametrize(
    ("top1", "verdict", "standing"),
    [
        (40, Verdict.HOLDS_AS_PUBLISHED, Standing.MET),
        (60, Verdict.FAILS_AS_PUBLISHED, Standing.NOT_MET),
    ],
)
def test_published_accuracies_decide_and_say_so(
    top1: float, verdict: Verdict, standing: Standing
) -> None:
    result = judged(rows=(row("tam", 50), row("tsn", top1)))
    assert result.verdict is verdict
    (case,) = result.cases
    assert case.standing is standing
    assert (case.is_judged, case.is_measured) == (True, False)
    assert result.sentence.startswith("As published, not measured here: ")
    assert f"8 frames ({50 - top1:+.1f} points as published)" in result.sentence
    data = result.as_json()["cases"][0]
    assert data["status"] == "published"
    assert data["points"] == 50 - top1
    assert data["as_published"][0].endswith("1 view of 224 px")


def test_one_case_that_holds_and_one_that_fails_are_partly() -> None:
    longer = [replace(row(name, top1), frames=16) for name, top1 in (("tam", 50), ("tsn", 60))]
    rows = (row("tam", 50), row("tsn", 40), *longer)
    assert judged(rows=rows, frames=(8, 16)).verdict is Verdict.PARTLY_AS_PUBLISHED
    assert judged(rows=rows[:2], frames=(8, 16)).verdict is Verdict.HOLDS_AS_PUBLISHED


def test_a_measured_accuracy_replaces_the_published_one() -> None:
    rows = (row("tam", 50), row("tsn", 40))
    result = judged(accuracy("tam", 20), accuracy("tsn", 80), rows=rows)
    assert result.verdict is Verdict.NOT_REPRODUCED
    assert "as published" not in result.sentence
    half = judged(accuracy("tam", 20), rows=rows)
    assert half.verdict is Verdict.HOLDS_AS_PUBLISHED


def test_the_papers_accuracies_hold_as_published() -> None:
    results = {r.claim.id: r for r in judge(load_claims(), [], load_published())}
    found = {
        name: (str(results[name].verdict), [round(c.finding.value, 1) for c in cases if c.finding])
        for name, cases in ((name, results[name].cases) for name in CLAIMS)
    }
    assert found == CLAIMS


CLAIMS = {
    "accuracy-tsm": ("holds as published", [0.8, 1.2, 0.9]),
    "tam-accuracy-tsn": (
        "holds as published",
        [31.5, 33.3, 33.1, 34.8, 1.9, 4.0, 4.4, 4.9, 3.4, 4.6, 4.9, 5.0],
    ),
    "tam-accuracy-i3d": ("holds as published", [-0.4, -0.2, 1.0, 1.0, 1.4, 1.7, 1.3, 1.2]),
    "more-frames": ("holds as published", [2.0, 1.8, 2.6, 0.9, 2.6, 1.7, 2.1, 1.2]),
    "tsn-frames": ("holds as published", [-2.9, -1.3, -1.3]),
    "deeper-longer-accuracy": ("holds as published", [2.2]),
}
