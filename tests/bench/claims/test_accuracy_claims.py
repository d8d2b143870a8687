from typing import Any

import pytest

from bench.claims.verdicts import ClaimResult, Verdict, judge
from bench.records.measurement import Measurement
from suites import Case
from tests.records import claim, measurement, point


def answered(network: str, right: int, **fields: Any) -> Measurement:
    """40 clips, of which the first are right; 10 are slow and 30 fast ones."""
    details: dict[str, Any] = {"group_sizes": {"slow": 10, "fast": 30}}
    return measurement(
        point(network=network, dataset="d"),
        quantity="accuracy",
        instrument="trained",
        unit="percent",
        samples=(100,) * right + (0,) * (40 - right),
        details={**details, "by_group": {}},
        settings={"clips": "digest", **fields},
    )


def judged_accuracies(*measurements: Measurement, **fields: Any) -> ClaimResult:
    (result,) = judge(
        [
            claim(
                **{
                    "quantity": "accuracy",
                    "instrument": "trained",
                    "compare": "points",
                    "at_least": 0.0,
                    "cases": [Case(label="here", depth=50, frames=8, dataset="d")],
                    **fields,
                }
            )
        ],
        measurements,
    )
    return result


@pytest.mark.parametrize(
    ("tsn", "tam", "verdict", "finding"),
    [
        (30, 20, Verdict.REPRODUCED, "Met at here (+25.0 points, p 0.002)."),
        (20, 30, Verdict.NOT_REPRODUCED, "Not met at here (-25.0 points, p 0.002)."),
        (
            24,
            20,
            Verdict.NOT_DECIDED,
            "Not decided at here (no difference shown: +10.0 points, p 0.12).",
        ),
        (26, 20, Verdict.REPRODUCED, "Met at here (+15.0 points, p 0.031)."),
        (
            20,
            20,
            Verdict.NOT_DECIDED,
            "Not decided at here (no difference shown: +0.0 points, p 1).",
        ),
    ],
)
def test_accuracies_are_compared_clip_by_clip(
    tsn: int, tam: int, verdict: Verdict, finding: str
) -> None:
    result = judged_accuracies(answered("tsn", tsn), answered("tam", tam))
    assert (result.verdict, result.sentence) == (verdict, finding)
    assert result.as_json()["cases"][0]["points"] == 2.5 * (tsn - tam)


def test_accuracies_of_a_group_are_of_its_clips_alone() -> None:
    result = judged_accuracies(answered("tsn", 9), answered("tam", 0), group="slow")
    assert [case.values for case in result.cases] == [(90, 0)]
    assert result.sentence == "Met at here (+90.0 points, p 0.0039)."
    fast = judged_accuracies(answered("tsn", 9), answered("tam", 0), group="fast")
    assert fast.sentence.startswith("Not decided at here (no difference shown: +0.0")
    (case,) = judged_accuracies(answered("tsn", 9), answered("tam", 0), group="other").cases
    assert case.gap == "tsn has no other classes: m"


def test_accuracies_of_different_clips_are_not_compared() -> None:
    for other in ({"clips": "others"}, {"answered": "fewer"}, {"crops": 3}, {"decoder": "x"}):
        others = judged_accuracies(answered("tsn", 30), answered("tam", 10, **other))
        assert others.cases[0].gap == "measured on different clips: m"


@pytest.mark.parametrize(
    ("bounds", "right", "is_met"),
    [
        ({"at_least": None, "at_most": 50.0}, 20, True),
        ({"at_least": None, "at_most": 50.0}, 26, True),  # 65 %, 49.5 to 77.9
        ({"at_least": None, "at_most": 50.0}, 27, False),  # 67.5 %, 52.0 to 79.9
        ({"at_least": 50.0}, 14, True),  # 35 %, 22.1 to 50.5
        ({"at_least": 50.0}, 13, False),  # 32.5 %, 20.1 to 48.0
    ],
)
def test_a_level_is_kept_unless_its_interval_lies_beyond(
    bounds: dict[str, Any], right: int, is_met: bool
) -> None:
    result = judged_accuracies(answered("tsn", right), compare="level", denominator=None, **bounds)
    (case,) = result.cases
    assert case.is_met == is_met
    assert case.values == (2.5 * right,)
    assert case.as_json()["level"] == 2.5 * right


@pytest.mark.parametrize(
    "fields",
    [
        {"compare": "level"},
        {"denominator": None},
        {"compare": "points", "at_least": 1.0},
        {"compare": "points", "at_least": None, "at_most": 0.0},
    ],
)
def test_a_claim_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"denominator|at_least = 0"):
        claim(**fields)
