from typing import Any

import pytest

from bench.claims.findings import (
    AccuracyDifference,
    Ratio,
    RightTwice,
    Standing,
    is_reference_of,
)
from bench.errors import BenchError
from bench.records.measurement import Measurement
from bench.records.proportions import paired_test
from suites import Claim
from tests.records import claim, measurement, point, tsn_reference

AT_LEAST = claim(at_least=3.0)
AT_MOST = claim(at_least=None, at_most=1.01)


def answers(*samples: int, **fields: Any) -> Measurement:
    """The answers of a network to clips, 100 for a right one."""
    kind = {"quantity": "accuracy", "instrument": "evaluated", "unit": "percent"}
    return measurement(point(dataset="d"), **{**kind, "samples": samples, **fields})


@pytest.mark.parametrize(
    ("judged", "low", "high", "standing"),
    [
        (AT_LEAST, 3.0, 3.5, Standing.MET),
        (AT_LEAST, 2.9, 3.0, Standing.UNDECIDED),
        (AT_LEAST, 2.5, 2.9, Standing.NOT_MET),
        (AT_MOST, 1.0, 1.01, Standing.MET),
        (AT_MOST, 1.01, 1.02, Standing.UNDECIDED),
        (AT_MOST, 1.02, 1.03, Standing.NOT_MET),
    ],
)
def test_a_ratio_stands_to_the_bound_as_all_of_its_interval_does(
    judged: Claim, low: float, high: float, standing: Standing
) -> None:
    assert Ratio((low + high) / 2, low, high).standing(judged) is standing


def test_a_ratio_of_counts_is_one_number() -> None:
    ratio = Ratio.of(measurement(point(), samples=(30,)), measurement(point(), samples=(8,)))
    assert ratio == Ratio(3.75, 3.75, 3.75)
    assert ratio.text(AT_LEAST) == ratio.brief(AT_LEAST) == "3.750x"
    assert ratio.figure == "3.7500"


def test_a_ratio_of_samples_holds_what_both_intervals_allow() -> None:
    top = measurement(point(), samples=(10.0, 12.0, 12.0, 12.0, 12.0, 16.0))
    bottom = measurement(point(network="tam"), samples=(2.0, 4.0, 4.0, 4.0, 4.0, 5.0))
    assert Ratio.of(top, bottom) == Ratio(3.0, 10 / 5, 16 / 2)


def test_what_was_measured_in_turn_is_compared_by_pairs() -> None:
    tsn, tam = measurement(point(), samples=(90.0,)), point(network="tam")
    ours = measurement(tam, samples=(1.0, 2.0, 4.0), reference=tsn_reference(3.0, 8.0, 10.0))
    assert Ratio.of(tsn, ours).value == 3.0  # of 3, 4 and 2.5, where medians give 45
    assert is_reference_of(point(), ours)
    assert not is_reference_of(tam, ours)
    assert not is_reference_of(point(), tsn)
    other = measurement(point(frames=16), samples=(90.0,))
    assert Ratio.of(other, ours).value == 45.0


def test_a_ratio_is_written_with_its_interval_and_where_it_is_not_decided_with_the_bound() -> None:
    ratio = Ratio(3.25, 2.5, 3.5)
    expected = "3.250x, 2.500x to 3.500x, which contains the bound 3.000x"
    assert ratio.text(AT_LEAST) == expected
    assert Ratio(3.25, 3.0, 3.5).text(AT_LEAST) == "3.250x, 3.000x to 3.500x"
    assert ratio.figure == "3.2500 (2.500 to 3.500)"


def test_a_bounded_cost_is_written_as_an_increase() -> None:
    assert Ratio(1.015, 1.0, 1.02).text(AT_MOST) == (
        "+1.50%, +0.00% to +2.00%, which contains the bound +1.00%"
    )
    assert Ratio(0.9, 0.9, 0.9).brief(AT_MOST) == "-10.00%"


RANGE = claim(at_least=None, published_range={"low": 3.0, "high": 4.0})


@pytest.mark.parametrize(
    ("ratio", "standing", "text", "distance"),
    [
        (2.6999, Standing.NOT_MET, "2.700x, 10.0 % below 3x to 4x", -10.003333),
        (2.7, Standing.MET, "2.700x, 10.0 % below 3x to 4x", -10.0),
        (3.0, Standing.MET, "3.000x, within 3x to 4x", 0.0),
        (4.0, Standing.MET, "4.000x, within 3x to 4x", 0.0),
        (5.0, Standing.MET, "5.000x, 25.0 % above 3x to 4x", 25.0),
    ],
)
def test_a_ratio_stands_beside_the_published_range(
    ratio: float, standing: Standing, text: str, distance: float
) -> None:
    found = Ratio(ratio, ratio, ratio)
    assert found.standing(RANGE) is standing
    assert found.text(RANGE) == text
    data = found.as_json(RANGE)
    assert data["distance_percent"] == pytest.approx(distance)
    assert (data["ratio"], data["interval"]) == (ratio, [ratio, ratio])
    assert "distance_percent" not in found.as_json(AT_LEAST)


def test_an_interval_around_the_bound_of_a_range_decides_nothing() -> None:
    assert Ratio(2.8, 2.6, 3.1).standing(RANGE) is Standing.UNDECIDED
    assert Ratio(2.8, 2.6, 3.1).text(RANGE) == (
        "2.800x, 2.600x to 3.100x, which contains the bound 2.700x, 6.7 % below 3x to 4x"
    )


BETTER = claim(at_least=0.0, compare="points")
ON_PAR = claim(at_least=-1.0, compare="points")


@pytest.mark.parametrize(
    ("judged", "low", "high", "standing"),
    [
        (ON_PAR, -0.9, 3.0, Standing.MET),
        (ON_PAR, -0.9, -0.1, Standing.MET),  # worse, but by less than the margin
        (ON_PAR, -1.0, 3.0, Standing.UNDECIDED),
        (ON_PAR, -4.0, 0.5, Standing.UNDECIDED),
        (ON_PAR, -4.0, -1.0, Standing.UNDECIDED),
        (ON_PAR, -4.0, -1.1, Standing.NOT_MET),
        (BETTER, 0.1, 3.0, Standing.MET),
        (BETTER, 0.0, 3.0, Standing.UNDECIDED),
        (BETTER, -3.0, 0.0, Standing.UNDECIDED),
        (BETTER, -3.0, -0.1, Standing.NOT_MET),
    ],
)
def test_points_are_judged_by_the_whole_of_their_interval(
    judged: Claim, low: float, high: float, standing: Standing
) -> None:
    assert AccuracyDifference((low + high) / 2, low, high).standing(judged) is standing


def test_points_are_of_the_paired_answers() -> None:
    first, second = answers(*(100,) * 10), answers(*(0,) * 10)
    found, test = (
        AccuracyDifference.of(first, second, ""),
        paired_test(first.samples, second.samples),
    )
    assert found == AccuracyDifference(100.0, test.low, test.high)
    assert found.standing(BETTER) is Standing.MET
    assert AccuracyDifference.of(second, first, "").standing(BETTER) is Standing.NOT_MET
    few = AccuracyDifference.of(answers(100, 0, 100, 100), answers(100, 0, 0, 100), "")
    assert (few.value, few.standing(BETTER)) == (25.0, Standing.UNDECIDED)


def test_points_of_motions_and_their_reverse_are_of_pairs() -> None:
    pairs = {"settings": {"reversed_pairs": True}}
    first, second = answers(100, 0, 100, 100, **pairs), answers(0, 0, 100, 0, **pairs)
    test = paired_test(first.samples, second.samples, reversed_pairs=True)
    assert AccuracyDifference.of(first, second, "") == AccuracyDifference(50.0, test.low, test.high)


def test_points_are_written_with_their_sign_and_their_interval() -> None:
    found = AccuracyDifference(1.25, -0.52, 3.04)
    assert found.brief(BETTER) == "+1.2 points"
    assert found.text(ON_PAR) == "+1.2 points, -0.5 to +3.0"
    assert found.text(BETTER) == "+1.2 points, -0.5 to +3.0, which contains the bound +0"
    assert (
        AccuracyDifference(-1, -3, 2).text(ON_PAR)
        == "-1.0 points, -3.0 to +2.0, which contains the bound -1"
    )
    assert found.figure == "+1.2 (-0.5 to +3.0)"
    assert found.as_json(BETTER) == {"points": 1.25, "interval": [-0.52, 3.04]}


GROUPS = {"group_sizes": {"a": 2, "b": 4}}


def test_findings_may_be_of_a_group_of_classes() -> None:
    first = answers(0, 0, 100, 100, 100, 100, details=GROUPS)
    second = answers(100, 100, 0, 100, 100, 100, details=GROUPS)
    assert AccuracyDifference.of(first, second, "a").value == -100.0
    assert AccuracyDifference.of(first, second, "b").value == 25.0
    assert RightTwice.of(second, "a") == RightTwice(1, 1)
    assert RightTwice.of(second, "b") == RightTwice(1, 2)
    with pytest.raises(BenchError, match="has no group 'c'"):
        RightTwice.of(first, "c")


def test_points_of_other_clips_are_refused() -> None:
    with pytest.raises(BenchError):
        AccuracyDifference.of(answers(100, 0), answers(100), "")


NONE_TWICE = claim(compare="right_twice", denominator=None, at_least=None, at_most=0.0)


def test_a_pair_that_is_right_twice_refutes_a_hard_limit() -> None:
    kept = RightTwice.of(answers(*(100, 0) * 240), "")
    assert kept.standing(NONE_TWICE) is Standing.MET
    assert kept.text(NONE_TWICE) == kept.brief(NONE_TWICE) == "0 of 240 pairs right twice"
    broken = RightTwice.of(answers(*(100, 0) * 239, 100, 100), "")
    assert broken.standing(NONE_TWICE) is Standing.NOT_MET
    assert broken.figure == "1 of 240"
    assert broken.as_json(NONE_TWICE) == {"right_twice": 1, "pairs": 240}
