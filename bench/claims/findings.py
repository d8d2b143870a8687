"""What the sides of a case give, held against the claim's bound."""

from dataclasses import dataclass
from enum import StrEnum
from statistics import mean
from typing import Protocol, Self

from bench.records import proportions
from bench.records.measurement import Measurement
from bench.records.point import Point
from bench.records.proportions import Difference, PairedTest
from suites import Claim


class Standing(StrEnum):
    """How a case of a claim fared.

    `UNDECIDED`: the bound lies within the ratio's interval, which then neither keeps nor breaks it.
    """

    MET = "met"
    NOT_MET = "not met"
    UNDECIDED = "not decided"
    NOT_MEASURED = "not measured"


class Finding(Protocol):
    """A figure that a claim is judged by."""

    @property
    def value(self) -> float:
        """In the unit of its kind."""

    @property
    def low(self) -> float:
        """The lower end of its interval of 95 %."""

    @property
    def high(self) -> float:
        """The upper end."""

    def standing(self, claim: Claim) -> Standing:
        """How it stands to the claim's bound."""

    def brief(self, claim: Claim) -> str:
        """The figure alone, with its unit."""

    def text(self, claim: Claim) -> str:
        """As it is written in a sentence."""

    @property
    def figure(self) -> str:
        """As it is written in a table."""


@dataclass(frozen=True)
class Ratio:
    """A ratio and its interval, `low` to `high`: one number where both sides are counts."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, numerator: Measurement, denominator: Measurement) -> Self:
        """Numerator / denominator, which both have values.

        By pairs, where the denominator was measured in turn with the numerator: their median, with
        its 95 % interval. Else by medians, and the interval holds what those of both sides allow.
        """
        if is_beside(denominator, numerator.point):
            return cls(denominator.saving, *denominator.saving_interval)
        (low, high), (least, most) = numerator.interval, denominator.interval
        return cls(numerator.value / denominator.value, low / most, high / least)

    def standing(self, claim: Claim) -> Standing:
        """Whether all of the interval keeps the claim's bound, none of it, or some."""
        if claim.at_most is None:
            is_met, is_broken = self.low >= claim.bound, self.high < claim.bound
        else:
            is_met, is_broken = self.high <= claim.bound, self.low > claim.bound
        if is_met:
            return Standing.MET
        return Standing.NOT_MET if is_broken else Standing.UNDECIDED

    def brief(self, claim: Claim) -> str:
        """The ratio, or the increase where the claim bounds a cost."""
        return _shown(self.value, claim)

    def text(self, claim: Claim) -> str:
        """The same, with its interval."""
        text = self.brief(claim)
        if self.low != self.high:
            text += f", {_shown(self.low, claim)} to {_shown(self.high, claim)}"
        if self.standing(claim) is Standing.UNDECIDED:
            text += f" with the bound {_shown(claim.bound, claim)} between"
        return text

    @property
    def figure(self) -> str:
        """With its interval, where it has one."""
        interval = f" ({self.low:.3f} to {self.high:.3f})" if self.low != self.high else ""
        return f"{self.value:.4f}{interval}"


@dataclass(frozen=True)
class Points:
    """By how many percentage points one accuracy exceeds another on the same clips.

    The interval is a point: what the clips allow is said by the test on their pairs.
    """

    compared: PairedTest

    @classmethod
    def of(cls, numerator: Measurement, denominator: Measurement, group: str) -> Self:
        """Numerator less denominator, over the clips of one `group` of classes or over all.

        Raises `BenchError` for accuracies of other clips.
        """
        pair = (numerator.answers(group), denominator.answers(group))
        return cls(proportions.paired_test(*pair))

    @property
    def value(self) -> float:
        """In percentage points."""
        return self.compared.points

    low = high = value

    def standing(self, claim: Claim) -> Standing:
        """Met where the first network is better, undecided where no difference is shown."""
        return {
            Difference.BETTER: Standing.MET,
            Difference.WORSE: Standing.NOT_MET,
            Difference.NONE_SHOWN: Standing.UNDECIDED,
        }[self.compared.difference]

    def brief(self, claim: Claim) -> str:
        """The points."""
        return f"{self.value:+.1f} points"

    def text(self, claim: Claim) -> str:
        """The points, and what the test says."""
        shown = f"{self.brief(claim)}, p {self.compared.p_value:.2g}"
        is_shown = self.compared.difference is not Difference.NONE_SHOWN
        return shown if is_shown else f"{Difference.NONE_SHOWN}: {shown}"

    @property
    def figure(self) -> str:
        """The points, and how likely so uneven a split is of equal networks."""
        return f"{self.value:+.1f} (p {self.compared.p_value:.2g})"


@dataclass(frozen=True)
class Level:
    """An accuracy by itself, in percent, with its interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, measurement: Measurement, group: str) -> Self:
        """Over the clips of one `group` of classes, or over all."""
        return cls(mean(measurement.answers(group)), *measurement.interval_of(group))

    def standing(self, claim: Claim) -> Standing:
        """Met unless all of the interval lies beyond the bound."""
        is_beyond = self.high < claim.bound if claim.at_most is None else self.low > claim.bound
        return Standing.NOT_MET if is_beyond else Standing.MET

    def brief(self, claim: Claim) -> str:
        """The accuracy."""
        return f"{self.value:.1f} %"

    def text(self, claim: Claim) -> str:
        """The accuracy and its interval."""
        return f"{self.brief(claim)}, {self.low:.1f} to {self.high:.1f} %"

    @property
    def figure(self) -> str:
        """The accuracy and its interval, in percent."""
        return f"{self.value:.1f} ({self.low:.1f} to {self.high:.1f})"


def _shown(ratio: float, claim: Claim) -> str:
    return f"{ratio:.3f}x" if claim.at_most is None else f"{ratio - 1:+.2%}"


def is_beside(measurement: Measurement, point: Point) -> bool:
    """Whether a measurement was taken in turn with one at `point`."""
    return measurement.reference is not None and measurement.reference.point == point
