from collections import Counter
from itertools import product
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.records.proportions import (
    Difference,
    accuracy_interval,
    count_right_twice,
    paired_test,
)
from bench.records.score_interval import score_interval

answers = st.lists(st.sampled_from([0, 100]), min_size=1, max_size=60)
pairs = answers.map(lambda found: found + found[::-1])


def of(right: int, total: int) -> list[int]:
    return [100] * right + [0] * (total - right)


def test_the_interval_of_an_accuracy_is_wilsons() -> None:
    assert accuracy_interval(of(15, 148)) == pytest.approx((6.24, 16.05), abs=0.01)
    assert accuracy_interval(of(20, 20))[1] == 100


def test_the_interval_of_pairs_is_narrower_if_one_of_each_is_right_and_wider_if_both_are() -> None:
    low, high = accuracy_interval(of(30, 60))
    alternating = [100, 0] * 30
    one_of_each = accuracy_interval(alternating, reversed_pairs=True)
    both_or_none = accuracy_interval(of(30, 60), reversed_pairs=True)
    assert one_of_each == pytest.approx(score_interval((0, 30, 0), 0, 100))
    assert both_or_none == pytest.approx(accuracy_interval(of(15, 30)))
    assert both_or_none[0] < low < one_of_each[0] < 50 < one_of_each[1] < high < both_or_none[1]


def test_pairs_that_are_right_twice_are_counted() -> None:
    assert count_right_twice([100, 100, 100, 0, 0, 100, 0, 0, 100, 100]) == 2
    assert count_right_twice([100, 0] * 9) == 0


def test_mcnemar_by_hand() -> None:
    first = [100] * 9 + [0] * 1 + [100] * 30
    second = [0] * 9 + [100] * 1 + [100] * 30
    found = paired_test(first, second)
    assert (found.only_first, found.only_second, found.clips) == (9, 1, 40)
    assert found.p_value == pytest.approx(2 * (comb(10, 0) + comb(10, 1)) / 2**10)
    assert found.points == 20
    assert (found.low, found.high) == pytest.approx(score_interval((1, 30, 9), -100, 100))
    assert found.difference is Difference.BETTER
    assert paired_test(second, first).difference is Difference.WORSE


def test_no_difference_shown_is_a_verdict() -> None:
    same = paired_test([100, 0, 100], [100, 0, 100])
    assert (same.p_value, same.points, same.difference) == (1.0, 0, Difference.NONE_SHOWN)
    assert same.low < 0 < same.high
    few = paired_test([100] * 5, [0] * 5)  # 2 / 2**5 = 0.0625
    assert few.difference is Difference.NONE_SHOWN
    assert (few.low, few.high) == (0, 100)  # Tango's alone is from 13
    assert paired_test([100] * 6, [0] * 6).difference is Difference.BETTER


def by_all_signs(differences: list[int]) -> float:
    """The p-value by trying every choice of signs."""
    total = abs(sum(differences))
    sums = [
        abs(sum(sign * difference for sign, difference in zip(signs, differences, strict=True)))
        for signs in product((-1, 1), repeat=len(differences))
    ]
    return sum(value >= total for value in sums) / len(sums)


@given(st.lists(st.integers(-2, 2), min_size=1, max_size=9))
def test_pairs_are_tested_by_exchanging_the_networks_in_each(differences: list[int]) -> None:
    right = {0: (0, 0), 1: (0, 100), 2: (100, 100)}
    first = [answer for one in differences for answer in right[max(one, 0)]]
    second = [answer for one in differences for answer in right[max(-one, 0)]]
    found = paired_test(first, second, reversed_pairs=True)
    assert found.p_value == pytest.approx(by_all_signs(differences))
    assert found.points == pytest.approx(50 * sum(differences) / len(differences))
    counts = Counter(differences)
    low, high = score_interval(tuple(counts[n] for n in range(-2, 3)), -100, 100)
    is_shown = found.p_value <= 0.05
    assert found.low == pytest.approx(low if is_shown else min(low, 0))
    assert found.high == pytest.approx(high if is_shown else max(high, 0))


@given(answers)
def test_both_ways_say_the_same(given_answers: list[int]) -> None:
    other = given_answers[::-1]
    one, two = paired_test(given_answers, other), paired_test(other, given_answers)
    assert one.p_value == two.p_value
    assert one.points == -two.points
    assert (one.low, one.high) == pytest.approx((-two.high, -two.low))


@given(pairs)
def test_pairs_of_equal_answers_count_as_one(given_answers: list[int]) -> None:
    doubled = [answer for one in given_answers for answer in (one, one)]
    other = [answer for one in given_answers[::-1] for answer in (one, one)]
    found = paired_test(doubled, other, reversed_pairs=True)
    single = paired_test(given_answers, given_answers[::-1])
    assert (found.p_value, found.points) == (single.p_value, single.points)
    assert accuracy_interval(doubled, reversed_pairs=True) == pytest.approx(
        accuracy_interval(given_answers), abs=1e-6
    )


@pytest.mark.parametrize("bad", [[], [50], [100, 1]])
def test_what_is_no_answer_is_refused(bad: list[int]) -> None:
    with pytest.raises(BenchError, match="each 100 or 0"):
        accuracy_interval(bad)
    with pytest.raises(BenchError, match="each 100 or 0"):
        paired_test(bad, bad)


def test_half_a_pair_is_refused() -> None:
    with pytest.raises(BenchError, match="an accuracy needs pairs of answers, each 100 or 0"):
        accuracy_interval([100, 0, 0], reversed_pairs=True)
    with pytest.raises(BenchError, match="needs pairs of answers"):
        count_right_twice([100])


def test_answers_to_different_clips_are_refused() -> None:
    with pytest.raises(BenchError, match="3 and 2 answers are not of the same clips"):
        paired_test([100, 0, 0], [100, 0])
    with pytest.raises(BenchError, match="4 and 2 answers are not of the same clips"):
        paired_test([100, 0, 0, 0], [100, 0], reversed_pairs=True)
