from bench.claims.verdicts import ClaimResult, judge
from bench.records.measurement import Measurement
from reports.claim_changes import ClaimChange
from tests.records import claim, measurement, point


def judged(fifty: int, hundred: int | None) -> ClaimResult:
    """The claim that TSN has 3 times the MACs of TAM, whose are 10, at one depth or two."""
    found: list[Measurement] = []
    for depth, macs in ((50, fifty), (101, hundred)):
        if macs is not None:
            found.append(measurement(point(depth=depth), samples=(macs,)))
            found.append(measurement(point(network="tam", depth=depth), samples=(10,)))
    (result,) = judge([claim()], found)
    return result


def test_the_same_results_have_no_case_that_changed() -> None:
    change = ClaimChange.of(judged(30, None), judged(30, None))
    assert (change.cases, change.is_flipped) == ((), False)


def test_a_case_by_another_figure_has_changed_though_the_verdict_stands() -> None:
    change = ClaimChange.of(judged(30, 40), judged(30, 50))
    assert not change.is_flipped
    (case,) = change.cases
    assert case.label == "depth 101"
    assert case.figures == ("4.0000", "5.0000")


def test_a_verdict_that_flips_is_said_with_its_cases() -> None:
    change = ClaimChange.of(judged(30, 40), judged(20, 40))
    assert change.is_flipped
    assert change.as_json() == {
        "id": "c",
        "verdict": {"old": "reproduced", "new": "partly"},
        "cases": [{"label": "depth 50", "old": "3.0000", "new": "2.0000"}],
    }


def test_a_case_that_one_side_lacks_has_changed() -> None:
    gone = ClaimChange.of(judged(30, 40), judged(30, None))
    assert [case.figures for case in gone.cases] == [("4.0000", "not measured")]
    come = ClaimChange.of(judged(30, None), judged(30, 40))
    assert [case.figures for case in come.cases] == [("not measured", "4.0000")]
