from typing import Any

import pytest

from bench.claims.findings import AccuracyDifference, Level, Ratio, Standing, is_reference_of
from bench.errors import BenchError
from bench.records.measurement import Measurement
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


POINTS = claim(at_least=0.0, compare="points")


@pytest.mark.parametrize(
    ("first", "second", "standing", "value"),
    [
        ((100,) * 20, (0,) * 20, Standing.MET, 100.0),
        ((0,) * 20, (100,) * 20, Standing.NOT_MET, -100.0),
        ((100, 0, 100, 100), (100, 0, 0, 100), Standing.UNDECIDED, 25.0),
    ],
)
def test_points_are_judged_by_their_test(
    first: tuple[int, ...], second: tuple[int, ...], standing: Standing, value: float
) -> None:
    found = AccuracyDifference.of(answers(*first), answers(*second), "")
    assert found.standing(POINTS) is standing
    assert found.value == found.low == found.high == value


def test_points_are_written_with_their_sign_and_how_likely_they_are() -> None:
    shown = AccuracyDifference.of(answers(*(100,) * 10), answers(*(0,) * 10), "")
    assert shown.brief(POINTS) == "+100.0 points"
    assert shown.text(POINTS) == "+100.0 points, p 0.002"  # 2 / 2 ** 10
    assert shown.figure == "+100.0 (p 0.002)"
    unsure = AccuracyDifference.of(answers(100, 0), answers(0, 0), "")
    assert unsure.text(POINTS) == "no difference shown: +50.0 points, p 1"


GROUPS = {"group_sizes": {"a": 2, "b": 3}}


def test_points_and_levels_may_be_of_a_group_of_classes() -> None:
    first = answers(0, 0, 100, 100, 100, details=GROUPS)
    second = answers(100, 100, 0, 100, 100, details=GROUPS)
    assert AccuracyDifference.of(first, second, "a").value == -100.0
    assert AccuracyDifference.of(first, second, "b").value == pytest.approx(100 / 3)
    assert Level.of(second, "b").value == pytest.approx(200 / 3)
    assert Level.of(second, "").value == 80.0
    with pytest.raises(BenchError, match="has no group 'c'"):
        Level.of(first, "c")


def test_points_of_other_clips_are_refused() -> None:
    with pytest.raises(BenchError):
        AccuracyDifference.of(answers(100, 0), answers(100), "")


def test_a_level_has_wilsons_interval() -> None:
    level = Level.of(answers(100, 100, 100, 0), "")
    assert (level.value, level.low, level.high) == pytest.approx((75.0, 30.1, 95.4), abs=0.1)
    judged = claim(compare="level", denominator=None, at_least=1.0)
    assert level.brief(judged) == "75.0 %"
    assert level.text(judged) == "75.0 %, 30.1 to 95.4 %"
    assert level.figure == "75.0 (30.1 to 95.4)"


@pytest.mark.parametrize(
    ("bound", "standing"),
    [
        ({"at_least": 60.0}, Standing.MET),
        ({"at_least": 60.1}, Standing.NOT_MET),
        ({"at_least": None, "at_most": 40.0}, Standing.MET),
        ({"at_least": None, "at_most": 39.9}, Standing.NOT_MET),
    ],
)
def test_a_level_is_met_unless_all_of_its_interval_lies_beyond_the_bound(
    bound: dict[str, Any], standing: Standing
) -> None:
    judged = claim(compare="level", denominator=None, **bound)
    assert Level(50.0, 40.0, 60.0).standing(judged) is standing
