import math
import random
import re
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.samples import dispersion, doubts, interval, median_ratio

STEADY = (1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.0, 1.01)
positive = st.floats(min_value=1e-6, max_value=1e6)


def coverage(count: int, samples: list[float]) -> float:
    """How often the interval of `count` samples holds the median of a distribution: exactly."""
    cut = samples.index(interval(samples)[0])
    return 1 - 2 * sum(math.comb(count, k) for k in range(cut + 1)) / 2**count


@pytest.mark.parametrize("count", [6, 7, 10, 25, 100, 201])
def test_an_interval_covers_95_percent_and_the_next_narrower_one_does_not(count: int) -> None:
    samples = [float(n) for n in range(count)]
    assert coverage(count, samples) >= 0.95
    cut = int(interval(samples)[0])
    assert 1 - 2 * sum(math.comb(count, k) for k in range(cut + 2)) / 2**count < 0.95


def test_few_samples_have_their_range() -> None:
    assert interval([2.0]) == (2.0, 2.0)
    assert interval([3.0, 1.0, 2.0]) == (1.0, 3.0)


@given(st.lists(positive, min_size=1, max_size=60))
def test_an_interval_holds_the_median(samples: list[float]) -> None:
    low, high = interval(samples)
    assert min(samples) <= low <= statistics.median(samples) <= high <= max(samples)
    assert dispersion(samples) >= 0
    assert median_ratio(samples, samples) == 1
    assert all(isinstance(doubt, str) for doubt in doubts(samples))


def test_dispersion_is_the_median_distance_from_the_median() -> None:
    assert dispersion([8.0, 9.0, 10.0, 12.0, 100.0]) == pytest.approx(0.2)
    assert dispersion([0.0, 0.0]) == 0


def test_steady_samples_are_trusted() -> None:
    assert doubts(STEADY) == []
    assert doubts([1.0] * 6) == []


@pytest.mark.parametrize(
    ("samples", "doubt"),
    [
        ((1.0,) * 5, "needs at least 6 samples, not 5: take more"),
        ([1 + n / 50 for n in range(10)], r"drift by \+\d+%"),
        ([1.2 - n / 50 for n in range(10)], r"drift by -\d+%"),
        ([1.0, 1.01, 1.5, 1.51, 1.0, 1.49, 1.01, 1.5], "two groups, around"),
        ([1.0, 1.3, 0.8, 1.2, 0.7, 1.0], "known to within 30% only"),
    ],
)
def test_what_makes_samples_doubtful_is_said(samples: list[float], doubt: str) -> None:
    assert [found for found in doubts(samples) if re.search(doubt, found)]


@pytest.mark.parametrize("count", [6, 7, 20, 60])
def test_noise_alone_is_rarely_taken_for_a_drift_or_two_groups(count: int) -> None:
    chance = random.Random(0)
    runs = [[chance.gauss(1, 0.05) for _ in range(count)] for _ in range(500)]
    false = [run for run in runs if any("drift" in d or "two groups" in d for d in doubts(run))]
    assert len(false) <= 10  # 2 %


def test_an_outlier_is_no_group_and_does_not_move_the_median() -> None:
    samples = [*STEADY, 9.0]
    assert doubts(samples) == []
