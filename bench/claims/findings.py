"""Findings: the figure of a case and how it compares with the bound of its claim."""

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
    """The result of one case of a claim.

    `UNDECIDED`: the bound lies within the interval of the ratio.
    """

    MET = "met"
    NOT_MET = "not met"
    UNDECIDED = "not decided"
    NOT_MEASURED = "not measured"


class Finding(Protocol):
    """The figure by which a case is judged."""

    @property
    def value(self) -> float:
        """The figure: a ratio, percentage points, or percent."""

    @property
    def low(self) -> float:
        """The lower end of its 95 % interval."""

    @property
    def high(self) -> float:
        """The upper end of its 95 % interval."""

    def standing(self, claim: Claim) -> Standing:
        """The result of the comparison with the claim's bound."""

    def brief(self, claim: Claim) -> str:
        """The figure with its unit."""

    def text(self, claim: Claim) -> str:
        """The figure with its interval, for a sentence."""

    @property
    def figure(self) -> str:
        """The figure with its interval, for a table."""


@dataclass(frozen=True)
class Ratio:
    """A ratio with its interval, `low` to `high`; three equal numbers if both sides are counts."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, numerator: Measurement, denominator: Measurement) -> Self:
        """Numerator / denominator; both must have values.

        If the denominator was measured in turn with the numerator, it is the median ratio of the
        pairs, with its 95 % interval. Else it is the ratio of the medians, and its interval follows
        from the intervals of both sides.
        """
        if is_reference_of(numerator.point, denominator):
            return cls(denominator.saving, *denominator.saving_interval)
        (low, high), (least, most) = numerator.interval, denominator.interval
        return cls(numerator.value / denominator.value, low / most, high / least)

    def standing(self, claim: Claim) -> Standing:
        """Met if the whole interval satisfies the bound, not met if no part of it does.

        Otherwise undecided.
        """
        if claim.at_most is None:
            is_met, is_broken = self.low >= claim.bound, self.high < claim.bound
        else:
            is_met, is_broken = self.high <= claim.bound, self.low > claim.bound
        if is_met:
            return Standing.MET
        return Standing.NOT_MET if is_broken else Standing.UNDECIDED

    def brief(self, claim: Claim) -> str:
        """The ratio; if the claim limits an increase, the increase in percent."""
        return _format(self.value, claim)

    def text(self, claim: Claim) -> str:
        """The same with its interval."""
        text = self.brief(claim)
        if self.low != self.high:
            text += f", {_format(self.low, claim)} to {_format(self.high, claim)}"
        if self.standing(claim) is Standing.UNDECIDED:
            text += f", which contains the bound {_format(claim.bound, claim)}"
        return text

    @property
    def figure(self) -> str:
        """The ratio with its interval, if it has one."""
        interval = f" ({self.low:.3f} to {self.high:.3f})" if self.low != self.high else ""
        return f"{self.value:.4f}{interval}"


@dataclass(frozen=True)
class AccuracyDifference:
    """By how many percentage points one accuracy exceeds another on the same clips.

    It has no interval: the test on the pairs of answers says how sure it is.
    """

    test: PairedTest

    @classmethod
    def of(cls, numerator: Measurement, denominator: Measurement, group: str) -> Self:
        """Numerator - denominator on the clips of one `group` of classes, or on all.

        Raises `BenchError` for accuracies on different clips.
        """
        pair = (numerator.answers(group), denominator.answers(group))
        return cls(proportions.paired_test(*pair))

    @property
    def value(self) -> float:
        """The difference in percentage points."""
        return self.test.points

    low = high = value

    def standing(self, claim: Claim) -> Standing:
        """Met if the first network is better, undecided if the test shows no difference."""
        return {
            Difference.BETTER: Standing.MET,
            Difference.WORSE: Standing.NOT_MET,
            Difference.NONE_SHOWN: Standing.UNDECIDED,
        }[self.test.difference]

    def brief(self, claim: Claim) -> str:
        """The difference in points."""
        return f"{self.value:+.1f} points"

    def text(self, claim: Claim) -> str:
        """The difference with the result of the test."""
        shown = f"{self.brief(claim)}, p {self.test.p_value:.2g}"
        is_shown = self.test.difference is not Difference.NONE_SHOWN
        return shown if is_shown else f"{Difference.NONE_SHOWN}: {shown}"

    @property
    def figure(self) -> str:
        """The difference with the p-value of the test."""
        return f"{self.value:+.1f} (p {self.test.p_value:.2g})"


@dataclass(frozen=True)
class Level:
    """An accuracy in percent, with its interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, measurement: Measurement, group: str) -> Self:
        """The accuracy on the clips of one `group` of classes, or on all."""
        return cls(mean(measurement.answers(group)), *measurement.interval_of(group))

    def standing(self, claim: Claim) -> Standing:
        """Met unless the whole interval lies beyond the bound."""
        is_beyond = self.high < claim.bound if claim.at_most is None else self.low > claim.bound
        return Standing.NOT_MET if is_beyond else Standing.MET

    def brief(self, claim: Claim) -> str:
        """The accuracy."""
        return f"{self.value:.1f} %"

    def text(self, claim: Claim) -> str:
        """The accuracy with its interval."""
        return f"{self.brief(claim)}, {self.low:.1f} to {self.high:.1f} %"

    @property
    def figure(self) -> str:
        """The accuracy with its interval, without units."""
        return f"{self.value:.1f} ({self.low:.1f} to {self.high:.1f})"


def _format(ratio: float, claim: Claim) -> str:
    return f"{ratio:.3f}x" if claim.at_most is None else f"{ratio - 1:+.2%}"


def is_reference_of(point: Point, measurement: Measurement) -> bool:
    """Whether a measurement was taken in turn with `point`."""
    return measurement.reference is not None and measurement.reference.point == point
