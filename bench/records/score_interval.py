"""The 95 % interval of the mean of scores that take a few values, such as right and wrong answers.

The interval holds every mean that the score test does not reject. The variance in this test is that
of the most likely distribution of the scores that has the tested mean. For right and wrong answers
this is Wilson's interval; for the differences of paired answers it is Tango's.

Sources: Wilson, "Probable Inference", JASA 22 (1927); Tango, "Equivalence test and confidence
interval for the difference in proportions for the paired-sample design", Stat. Med. 17 (1998).
"""

from collections.abc import Callable, Sequence
from functools import cache
from statistics import NormalDist

CONFIDENCE = 0.95
CHI2 = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) ** 2  # one degree of freedom
HALVINGS = 50  # of a bracket: below the precision of a float


@cache
def score_interval(counts: tuple[int, ...], low: float, high: float) -> tuple[float, float]:
    """The interval of the mean, from `counts[i]` scores at the i-th of equal steps, low to high.

    Values that no score has belong in `counts` as 0: they are possible.
    """
    step, total = (high - low) / (len(counts) - 1), sum(counts)
    values = [low + step * number for number in range(len(counts))]
    mean = sum(value * count for value, count in zip(values, counts, strict=True)) / total

    def is_plausible(tested: float) -> bool:
        centred = [value - tested for value in values]
        return total * (mean - tested) * _multiplier(centred, counts) <= CHI2

    # An end at the least or the greatest value is exact: halving would only come near.
    return (
        low if not any(counts[1:]) else _last(is_plausible, mean, low),
        high if not any(counts[:-1]) else _last(is_plausible, mean, high),
    )


def _multiplier(values: Sequence[float], counts: Sequence[int]) -> float:
    """The Lagrange multiplier of the most likely distribution of the scores that has the mean 0.

    In this distribution the share of each value is its share of the scores, divided by
    1 + multiplier * value; what these shares lack of 1 is on the far end, if no score is there. Its
    variance is the mean of the scores divided by the multiplier.
    """
    mean = sum(value * count for value, count in zip(values, counts, strict=True))
    if mean < 0:
        return -_multiplier([-value for value in values], counts)

    def is_too_small(multiplier: float) -> bool:
        pairs = zip(values, counts, strict=True)
        return sum(count * value / (1 + multiplier * value) for value, count in pairs) > 0

    return _last(is_too_small, 0, -1 / min(values))


def _last(holds: Callable[[float], bool], start: float, end: float) -> float:
    """The point between `start` and `end` from which on `holds` is false."""
    for _ in range(HALVINGS):
        middle = (start + end) / 2
        start, end = (middle, end) if holds(middle) else (start, middle)
    return start
