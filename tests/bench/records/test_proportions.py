from math import comb, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.records.proportions import Difference, paired_test, wilson

answers = st.lists(st.sampled_from([0, 100]), min_size=1, max_size=60)


def of(right: int, total: int) -> list[int]:
    return [100] * right + [0] * (total - right)


def by_hand(right: int, total: int) -> tuple[float, float]:
    """Wilson's interval as a formula."""
    z, share = 1.959963984540054, right / total
    middle = share + z * z / (2 * total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 100 / (1 + z * z / total)
    return (middle - half) * scale, (middle + half) * scale


@pytest.mark.parametrize(("right", "total"), [(81, 263), (15, 148), (1, 29), (240, 480), (1, 1)])
def test_wilson_is_its_formula(right: int, total: int) -> None:
    assert wilson(of(right, total)) == pytest.approx(by_hand(right, total))


def test_wilson_of_published_examples() -> None:
    """Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I."""
    assert wilson(of(81, 263)) == pytest.approx((25.53, 36.62), abs=0.01)
    assert wilson(of(15, 148)) == pytest.approx((6.24, 16.05), abs=0.01)
    assert wilson(of(0, 20)) == pytest.approx((0, 16.11), abs=0.01)
    assert wilson(of(1, 29)) == pytest.approx((0.61, 17.18), abs=0.01)


@given(answers)
def test_wilson_holds_the_accuracy(given_answers: list[int]) -> None:
    low, high = wilson(given_answers)
    assert 0 <= low <= sum(given_answers) / len(given_answers) + 1e-9
    assert sum(given_answers) / len(given_answers) - 1e-9 <= high <= 100


def test_mcnemar_by_hand() -> None:
    first = [100] * 9 + [0] * 1 + [100] * 30
    second = [0] * 9 + [100] * 1 + [100] * 30
    found = paired_test(first, second)
    assert (found.only_first, found.only_second, found.clips) == (9, 1, 40)
    assert found.p_value == pytest.approx(2 * (comb(10, 0) + comb(10, 1)) / 2**10)
    assert found.points == 20
    assert found.difference is Difference.BETTER
    assert paired_test(second, first).difference is Difference.WORSE


def test_no_difference_shown_is_a_verdict() -> None:
    same = paired_test([100, 0, 100], [100, 0, 100])
    assert (same.p_value, same.points, same.difference) == (1.0, 0, Difference.NONE_SHOWN)
    few = paired_test([100] * 5, [0] * 5)  # 2 / 2**5 = 0.0625
    assert few.difference is Difference.NONE_SHOWN
    assert paired_test([100] * 6, [0] * 6).difference is Difference.BETTER


@given(answers)
def test_both_ways_say_the_same(given_answers: list[int]) -> None:
    other = given_answers[::-1]
    one, two = paired_test(given_answers, other), paired_test(other, given_answers)
    assert one.p_value == two.p_value
    assert one.points == -two.points


@pytest.mark.parametrize("bad", [[], [50], [100, 1]])
def test_what_is_no_answer_is_refused(bad: list[int]) -> None:
    with pytest.raises(BenchError, match="each 100 or 0"):
        wilson(bad)
    with pytest.raises(BenchError, match="each 100 or 0"):
        paired_test(bad, bad)


def test_answers_to_different_clips_are_refused() -> None:
    with pytest.raises(BenchError, match="3 and 2 answers are not of the same clips"):
        paired_test([100, 0, 0], [100, 0])
