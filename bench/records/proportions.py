"""What right and wrong answers say: an accuracy with its interval, and two networks compared.

An answer is 100 where it is right and 0 where it is wrong, so that their mean is in percent.
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
    """How the first of two networks fares against the second, on the same clips."""

    BETTER = "better"
    WORSE = "worse"
    NONE_SHOWN = "no difference shown"


@dataclass(frozen=True)
class PairedTest:
    """Two networks on the same clips: how many only one of them had right.

    `p_value` is of McNemar's exact test: how likely so uneven a split is between equal networks.
    """

    only_first: int
    only_second: int
    clips: int
    p_value: float

    @property
    def points(self) -> float:
        """The first network's accuracy less the second's, in percentage points."""
        return 100 * (self.only_first - self.only_second) / self.clips

    @property
    def difference(self) -> Difference:
        """What is shown with 95 % confidence."""
        if self.p_value > 1 - CONFIDENCE:
            return Difference.NONE_SHOWN
        return Difference.BETTER if self.only_first > self.only_second else Difference.WORSE


def wilson(answers: Sequence[float]) -> tuple[float, float]:
    """Where the accuracy lies with 95 % probability, in percent.

    Raises `BenchError` for no answer, and for what is none. Source: Wilson, "Probable Inference",
    JASA 22 (1927).
    """
    _check(answers)
    return _wilson(sum(answer == RIGHT for answer in answers), len(answers))


@cache
def _wilson(right: int, clips: int) -> tuple[float, float]:
    share, z2 = right / clips, Z * Z
    middle = share + z2 / (2 * clips)
    half = Z * sqrt(share * (1 - share) / clips + z2 / (4 * clips * clips))
    low, high = ((middle + side) / (1 + z2 / clips) for side in (-half, half))
    # Exact where they are 0 and 1, which rounding would miss.
    return 100 * low if right else 0.0, 100 * high if right < clips else 100.0


def paired_test(first: Sequence[float], second: Sequence[float]) -> PairedTest:
    """Compare the answers of two networks on the same clips, in the same order.

    Raises `BenchError` for none, for answers of different clips, and for what is no answer. Source:
    McNemar, Psychometrika 12 (1947); exact, by the binomial distribution.
    """
    _check(first)
    _check(second)
    if len(first) != len(second):
        raise BenchError(f"{len(first)} and {len(second)} answers are not of the same clips")
    pairs = list(zip(first, second, strict=True))
    only_first, only_second = pairs.count((RIGHT, WRONG)), pairs.count((WRONG, RIGHT))
    apart = only_first + only_second
    p_value = min(2 * _fair_tail(min(only_first, only_second), apart), 1.0)
    return PairedTest(only_first, only_second, len(pairs), p_value)


def _fair_tail(most: int, trials: int) -> float:
    """How likely a fair coin shows heads `most` times or less: SciPy's takes longer to import."""
    ways = total = 1
    for heads in range(most):
        ways = ways * (trials - heads) // (heads + 1)
        total += ways
    return total / 2**trials


def _check(answers: Sequence[float]) -> None:
    if not answers or any(answer not in (RIGHT, WRONG) for answer in answers):
        raise BenchError(
            f"an accuracy is of one answer or more, each {RIGHT} or {WRONG}: measure it again"
        )
