from collections.abc import Iterator
from math import comb, factorial, inf, prod, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.score_interval import score_interval

Z = NormalDist().inv_cdf(0.975)


def wilson(right: int, total: int) -> tuple[float, float]:
    """Wilson's interval as a formula."""
    share = right / total
    middle = share + Z * Z / (2 * total)
    half = Z * sqrt(share * (1 - share) / total + Z * Z / (4 * total * total))
    return (middle - half) / (1 + Z * Z / total), (middle + half) / (1 + Z * Z / total)


@pytest.mark.parametrize(("right", "total"), [(81, 263), (15, 148), (1, 29), (240, 480), (1, 2)])
def test_of_right_and_wrong_answers_it_is_wilsons(right: int, total: int) -> None:
    found = score_interval((total - right, right), 0, 1)
    assert found == pytest.approx(wilson(right, total), abs=1e-12)


def test_wilsons_published_examples() -> None:
    """Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I."""
    for right, total, low, high in (
        (81, 263, 25.53, 36.62),
        (15, 148, 6.24, 16.05),
        (0, 20, 0, 16.11),
        (1, 29, 0.61, 17.18),
    ):
        found = score_interval((total - right, right), 0, 100)
        assert found == pytest.approx((low, high), abs=0.01)


def tango(more: int, less: int, total: int) -> tuple[float, float]:
    """Tango's interval by his own formula for the rarer of the two kinds of pairs."""

    def statistic(tested: float) -> float:
        b = -more - less + (2 * total - more + less) * tested
        c = -less * tested * (1 - tested)
        rate = (sqrt(b * b - 8 * total * c) - b) / (4 * total)
        variance = total * (2 * rate + tested * (1 - tested))
        return float((more - less - total * tested) ** 2 / variance) if variance > 0 else inf

    def end(inside: float, outside: float) -> float:
        for _ in range(80):
            middle = (inside + outside) / 2
            is_inside = statistic(middle) <= Z * Z
            inside, outside = (middle, outside) if is_inside else (inside, middle)
        return inside

    middle = (more - less) / total
    return end(middle, -1), end(middle, 1)


@pytest.mark.parametrize(
    ("more", "less", "total"), [(12, 2, 50), (14, 0, 50), (1, 1, 10), (6, 2, 40), (40, 20, 160)]
)
def test_of_paired_differences_it_is_tangos(more: int, less: int, total: int) -> None:
    found = score_interval((less, total - more - less, more), -1, 1)
    assert found == pytest.approx(tango(more, less, total), abs=1e-12)


def test_tangos_published_example() -> None:
    """Fagerland, Lydersen and Laake, Stat. Med. 33 (2014): airway hyper-responsiveness."""
    assert score_interval((7, 13, 1), -1, 1) == pytest.approx((-0.517, -0.026), abs=5e-4)


def test_an_end_is_exact_and_equal_scores_leave_room_for_others() -> None:
    assert score_interval((0, 20), 0, 100)[1] == 100
    assert score_interval((20, 0), 0, 100)[0] == 0
    low, high = score_interval((0, 240, 0), 0, 100)  # each of 240 scores is 50
    assert (low, high) == pytest.approx((50 - 100 * Z * Z / 2 / (240 + Z * Z), 100 - low))


counts = st.lists(st.integers(0, 30), min_size=2, max_size=5).filter(any)


@given(counts)
def test_it_holds_the_mean_lies_within_the_values_and_has_a_mirror_image(given: list[int]) -> None:
    last = len(given) - 1
    low, high = score_interval(tuple(given), 0, last)
    mean = sum(n * count for n, count in enumerate(given)) / sum(given)
    assert 0 <= low <= mean + 1e-9
    assert mean - 1e-9 <= high <= last
    mirrored = score_interval(tuple(reversed(given)), 0, last)
    assert mirrored == pytest.approx((last - high, last - low), abs=1e-9)


@given(counts.filter(lambda found: sum(map(bool, found)) > 1))
def test_four_times_the_scores_halve_it_or_nearly(given: list[int]) -> None:
    def width(times: int) -> float:
        low, high = score_interval(tuple(times * count for count in given), 0, 1)
        return high - low

    assert width(4 * 64) == pytest.approx(width(64) / 2, rel=0.05)


def all_counts(values: int, total: int) -> Iterator[tuple[int, ...]]:
    """Every way to spread `total` scores over some values."""
    if values == 1:
        yield (total,)
        return
    for first in range(total + 1):
        yield from ((first, *rest) for rest in all_counts(values - 1, total - first))


def coverage(shares: tuple[float, ...], total: int) -> float:
    """How probable it is that the interval of `total` scores holds the mean, by enumeration."""
    mean = sum(n * share for n, share in enumerate(shares))
    covered = 0.0
    for found in all_counts(len(shares), total):
        low, high = score_interval(found, 0, len(shares) - 1)
        if low <= mean <= high:
            ways = factorial(total) // prod(map(factorial, found))
            covered += ways * prod(share**n for share, n in zip(shares, found, strict=True))
    return covered


@pytest.mark.parametrize("right", [0.05, 0.3, 0.5, 0.9])
def test_it_covers_a_rate_as_often_as_wilsons_interval_does(right: float) -> None:
    exact = sum(
        comb(40, k) * right**k * (1 - right) ** (40 - k)
        for k in range(41)
        if wilson(k, 40)[0] <= right <= wilson(k, 40)[1]
    )
    assert coverage((1 - right, right), 40) == pytest.approx(exact)


@pytest.mark.parametrize("less", [0.1, 0.3])
@pytest.mark.parametrize("more", [0.1, 0.2, 0.4])
def test_it_covers_a_difference_on_12_clips_about_as_often_as_it_says(
    more: float, less: float
) -> None:
    assert 0.93 < coverage((less, 1 - more - less, more), 12) < 0.99


@pytest.mark.parametrize(
    "shares",
    [
        (0.0625, 0.9375, 0.0),  # right answers of a network that ignores the order of frames
        (0.13, 0.25, 0.62),  # of one that sees it
        (0.0, 0.1, 0.25, 0.64, 0.01),  # the differences of these two
        (0.01, 0.14, 0.68, 0.16, 0.01),  # of two that are alike
    ],
)
def test_it_covers_the_mean_of_240_pairs_about_as_often_as_it_says(
    shares: tuple[float, ...],
) -> None:
    last = len(shares) - 1
    mean = sum(n * share for n, share in enumerate(shares))
    draws = np.random.default_rng(0).multinomial(240, shares, size=250)
    intervals = [score_interval(tuple(map(int, found)), 0, last) for found in draws]
    covered = np.mean([low <= mean <= high for low, high in intervals])
    assert 0.92 < covered < 0.98
