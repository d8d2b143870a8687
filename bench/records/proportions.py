"""Statistics of right and wrong answers: the interval of an accuracy, and a test of two networks.

A right answer is 100 and a wrong one 0, so that their mean is the accuracy in percent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from math import sqrt
from statistics import NormalDist

from bench.errors import BenchError

CONFIDENCE = 0.95
Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
RIGHT, WRONG = 100, 0


class Difference(StrEnum):
    """How the first of two networks compares with the second on the same clips."""

    BETTER = "better"
    WORSE = "worse"
    NONE_SHOWN = "no difference shown"


@dataclass(frozen=True)
class PairedTest:
    """The answers of two networks on the same clips, compared by McNemar's exact test.

    `only_first` and `only_second` count the clips that only one network classified correctly.
    `p_value` is the probability of a split at least as uneven between equally good networks.
    """

    only_first: int
    only_second: int
    clips: int
    p_value: float

    @property
    def points(self) -> float:
        """The accuracy of the first network minus that of the second, in percentage points."""
        return 100 * (self.only_first - self.only_second) / self.clips

    @property
    def difference(self) -> Difference:
        """The difference that the test shows with 95 % confidence."""
        if self.p_value > 1 - CONFIDENCE:
            return Difference.NONE_SHOWN
        return Difference.BETTER if self.only_first > self.only_second else Difference.WORSE


def wilson(answers: Sequence[float]) -> tuple[float, float]:
    """Wilson's 95 % interval of the accuracy, in percent.

    Raises `BenchError` where there are no answers, or values other than 100 and 0. Source: Wilson,
    "Probable Inference", JASA 22 (1927).
    """
    _check(answers)
    return _wilson(sum(answer == RIGHT for answer in answers), len(answers))


@cache
def _wilson(right: int, clips: int) -> tuple[float, float]:
    share, z2 = right / clips, Z * Z
    middle = share + z2 / (2 * clips)
    half = Z * sqrt(share * (1 - share) / clips + z2 / (4 * clips * clips))
    low, high = ((middle + side) / (1 + z2 / clips) for side in (-half, half))
    # An end at 0 or 100 % is exact: rounding would miss it.
    return 100 * low if right else 0.0, 100 * high if right < clips else 100.0


def paired_test(first: Sequence[float], second: Sequence[float]) -> PairedTest:
    """Compare the answers of two networks on the same clips, in the same order.

    Raises `BenchError` where there are no answers, unequal numbers of them, or values other than
    100 and 0. Source: McNemar, Psychometrika 12 (1947); exact, by the binomial distribution.
    """
    _check(first)
    _check(second)
    if len(first) != len(second):
        raise BenchError(f"{len(first)} and {len(second)} answers are not of the same clips")
    pairs = list(zip(first, second, strict=True))
    only_first, only_second = pairs.count((RIGHT, WRONG)), pairs.count((WRONG, RIGHT))
    discordant = only_first + only_second
    p_value = min(2 * _fair_tail(min(only_first, only_second), discordant), 1.0)
    return PairedTest(only_first, only_second, len(pairs), p_value)


def _fair_tail(most: int, trials: int) -> float:
    """The probability of at most `most` heads of a fair coin; importing SciPy takes longer."""
    ways = total = 1
    for heads in range(most):
        ways = ways * (trials - heads) // (heads + 1)
        total += ways
    return total / 2**trials


def _check(answers: Sequence[float]) -> None:
    if not answers or any(answer not in (RIGHT, WRONG) for answer in answers):
        raise BenchError(
            f"an accuracy needs at least one answer, each {RIGHT} or {WRONG}: measure it again"
        )
