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
        (30, 20, Verdict.REPRODUCED, "Met at here (+25.0 points, +14.0 to +40.2)."),
        (20, 30, Verdict.NOT_REPRODUCED, "Not met at here (-25.0 points, -40.2 to -14.0)."),
        (
            24,
            20,
            Verdict.NOT_DECIDED,
            "Not decided at here (+10.0 points, +0.0 to +23.1, which contains the bound +0).",
        ),
        (26, 20, Verdict.REPRODUCED, "Met at here (+15.0 points, +4.9 to +29.1)."),
        (
            20,
            20,
            Verdict.NOT_DECIDED,
            "Not decided at here (+0.0 points, -8.8 to +8.8, which contains the bound +0).",
        ),
    ],
)
def test_accuracies_are_compared_clip_by_clip(
    tsn: int, tam: int, verdict: Verdict, finding: str
) -> None:
    result = judged_accuracies(answered("tsn", tsn), answered("tam", tam))
    assert (result.verdict, result.sentence) == (verdict, finding)
    assert result.as_json()["cases"][0]["points"] == 2.5 * (tsn - tam)


def test_networks_are_on_par_if_one_is_less_than_the_margin_behind() -> None:
    equal = (answered("tsn", 20), answered("tam", 20))  # -8.8 to +8.8 points
    assert judged_accuracies(*equal, at_least=-9.0).verdict is Verdict.REPRODUCED
    assert judged_accuracies(*equal, at_least=-8.0).verdict is Verdict.NOT_DECIDED
    behind = (answered("tsn", 20), answered("tam", 30))  # -40.2 to -14.0 points
    assert judged_accuracies(*behind, at_least=-8.0).verdict is Verdict.NOT_REPRODUCED


def test_accuracies_of_a_group_are_of_its_clips_alone() -> None:
    result = judged_accuracies(answered("tsn", 9), answered("tam", 0), group="slow")
    assert [case.values for case in result.cases] == [(90, 0)]
    assert result.sentence == "Met at here (+90.0 points, +37.3 to +98.2)."
    fast = judged_accuracies(answered("tsn", 9), answered("tam", 0), group="fast")
    assert fast.sentence.startswith("Not decided at here (+0.0 points, ")
    (case,) = judged_accuracies(answered("tsn", 9), answered("tam", 0), group="other").cases
    assert case.gap == "tsn has no other classes: m"


def test_accuracies_of_different_clips_are_not_compared() -> None:
    for other in ({"clips": "others"}, {"answered": "fewer"}, {"crops": 3}, {"decoder": "x"}):
        others = judged_accuracies(answered("tsn", 30), answered("tam", 10, **other))
        assert others.cases[0].gap == "measured on different clips: m"


def pairs_right(*right: int, **fields: Any) -> Measurement:
    """The answers to pairs of a motion and its reverse, by how many of each are right."""
    samples = tuple(answer for n in right for answer in (100 * (n > 0), 100 * (n > 1)))
    return measurement(
        point(dataset="d"),
        quantity="accuracy",
        instrument="trained",
        unit="percent",
        samples=samples,
        **{"settings": {"reversed_pairs": True}, **fields},
    )


@pytest.mark.parametrize(
    ("right", "verdict", "finding"),
    [
        ((1,) * 9 + (0,), Verdict.REPRODUCED, "Met at here (0 of 10 pairs right twice)."),
        ((2,) + (0,) * 9, Verdict.NOT_REPRODUCED, "Not met at here (1 of 10 pairs right twice)."),
    ],
)
def test_one_pair_that_is_right_twice_refutes_a_claim(
    right: tuple[int, ...], verdict: Verdict, finding: str
) -> None:
    kind = {"compare": "right_twice", "denominator": None, "at_least": None, "at_most": 0.0}
    result = judged_accuracies(pairs_right(*right), **kind)
    assert (result.verdict, result.sentence) == (verdict, finding)
    (case,) = result.as_json()["cases"]
    assert (case["right_twice"], case["pairs"]) == (right.count(2), 10)
    assert case["numerator"] == 5 * sum(right)
    assert "interval" not in case
    (alone,) = judged_accuracies(pairs_right(*right, settings={}), **kind).cases
    assert alone.gap == "tsn has no pairs of reversed clips: m"
