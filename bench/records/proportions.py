"""Statistics of right and wrong answers: the interval of an accuracy, and a test of two networks.

A right answer is 100 and a wrong one 0, so that their mean is the accuracy in percent. Answers to a
motion and to its reverse depend on each other: what is said of `reversed_pairs` of answers, one
after the other, counts pairs and not clips.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bench.errors import BenchError
from bench.records.score_interval import CONFIDENCE, score_interval

RIGHT, WRONG = 100, 0


class Difference(StrEnum):
    """How the first of two networks compares with the second on the same clips."""

    BETTER = "better"
    WORSE = "worse"
    NONE_SHOWN = "no difference shown"


@dataclass(frozen=True)
class PairedTest:
    """The answers of two networks on the same clips, compared.

    `only_first` and `only_second` count the clips that only one network classified correctly. `low`
    and `high` are the 95 % interval of the difference in percentage points. `p_value` is the
    probability of a difference at least as large between equally good networks.
    """

    only_first: int
    only_second: int
    clips: int
    low: float
    high: float
    p_value: float

    @property
    def points(self) -> float:
        """The accuracy of the first network minus that of the second, in percentage points."""
        return 100 * (self.only_first - self.only_second) / self.clips

    @property
    def difference(self) -> Difference:
        """The difference that is shown with 95 % confidence."""
        if self.low <= 0 <= self.high:
            return Difference.NONE_SHOWN
        return Difference.BETTER if self.low > 0 else Difference.WORSE


def accuracy_interval(
    answers: Sequence[float], *, reversed_pairs: bool = False
) -> tuple[float, float]:
    """The 95 % score interval of the accuracy, in percent: Wilson's, for answers without pairs.

    Raises `BenchError` where there are no answers or half a pair, or values other than 100 and 0.
    """
    size = 1 + reversed_pairs
    right = Counter(_count_right(answers, size))
    return score_interval(tuple(right[count] for count in range(size + 1)), WRONG, RIGHT)


def paired_test(
    first: Sequence[float], second: Sequence[float], *, reversed_pairs: bool = False
) -> PairedTest:
    """Compare the answers of two networks on the same clips, in the same order.

    The interval is the score interval: Tango's, for answers without pairs. The p-value is of
    Fisher's randomisation test, which exchanges the two networks' answers to a clip or to a pair:
    McNemar's exact test, for answers without pairs. The interval is extended to 0 where that test
    shows no difference, because it alone is exact for few clips.

    Raises `BenchError` where there are no answers, half a pair or unequal numbers of answers, or
    values other than 100 and 0. Sources: McNemar, Psychometrika 12 (1947); Fisher, "The Design of
    Experiments", 21 (1935).
    """
    size = 1 + reversed_pairs
    sides = [list(_count_right(answers, size)) for answers in (first, second)]
    if len(first) != len(second):
        raise BenchError(f"{len(first)} and {len(second)} answers are not of the same clips")
    more = Counter(one - other for one, other in zip(*sides, strict=True))
    low, high = score_interval(
        tuple(more[count] for count in range(-size, size + 1)), -RIGHT, RIGHT
    )
    p_value = _p_value(more)
    if p_value > 1 - CONFIDENCE:
        low, high = min(low, 0.0), max(high, 0.0)
    pairs = Counter(zip(first, second, strict=True))
    only = pairs[RIGHT, WRONG], pairs[WRONG, RIGHT]
    return PairedTest(*only, len(first), low, high, p_value)


def count_right_twice(answers: Sequence[float]) -> int:
    """The number of pairs of a motion and its reverse that are both right.

    Raises `BenchError` as `accuracy_interval` does.
    """
    return sum(right == 2 for right in _count_right(answers, 2))


def _p_value(differences: Counter[int]) -> float:
    """The two-sided p-value of differences, from -2 to 2, whose signs may be due to chance."""
    total = abs(sum(difference * count for difference, count in differences.items()))
    ones, twos = (differences[size] + differences[-size] for size in (1, 2))
    extreme = tail = reached = 0
    ways = _binomials(ones)
    for positive, count in enumerate(_binomials(twos)):
        # Signs of the ones reach `total` with these twos if at most as many of them are negative.
        negative = (ones - total + 2 * (2 * positive - twos)) // 2
        while reached <= min(negative, ones):
            tail += next(ways)
            reached += 1
        extreme += count * tail
    return min(2 * extreme / 2 ** (ones + twos), 1.0)


def _binomials(size: int) -> Iterator[int]:
    """The numbers of ways to choose 0, 1, 2, ... of `size` things; importing SciPy takes longer."""
    ways = 1
    for chosen in range(size + 1):
        yield ways
        ways = ways * (size - chosen) // (chosen + 1)


def _count_right(answers: Sequence[float], size: int) -> Iterator[int]:
    """The number of right answers to each `size` clips in a row."""
    if not answers or len(answers) % size or any(a not in (RIGHT, WRONG) for a in answers):
        raise BenchError(
            f"an accuracy needs {'pairs of answers' if size > 1 else 'at least one answer'}, "
            f"each {RIGHT} or {WRONG}: measure it again"
        )
    return (answers[start : start + size].count(RIGHT) for start in range(0, len(answers), size))
