"""Findings: the figure of a case and how it compares with the bound of its claim."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, Self

from bench.records import proportions
from bench.records.measurement import Measurement
from bench.records.point import Point
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
        """The figure: a ratio, percentage points, or a number of pairs."""

    def standing(self, claim: Claim) -> Standing:
        """The result of the comparison with the claim's bound."""

    def brief(self, claim: Claim) -> str:
        """The figure with its unit."""

    def text(self, claim: Claim) -> str:
        """The figure with its interval, for a sentence."""

    @property
    def figure(self) -> str:
        """The figure with its interval, for a table."""

    def as_json(self, claim: Claim) -> dict[str, Any]:
        """The figure with its interval."""


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
        """The same with its interval, and how far it is from what was published."""
        text = self.brief(claim)
        if self.low != self.high:
            text += f", {_format(self.low, claim)} to {_format(self.high, claim)}"
        if self.standing(claim) is Standing.UNDECIDED:
            text += f", which contains the bound {_format(claim.bound, claim)}"
        if claim.published_range:
            text += f", {claim.published_range.describe(self.value)}"
        return text

    @property
    def figure(self) -> str:
        """The ratio with its interval, if it has one."""
        interval = f" ({self.low:.3f} to {self.high:.3f})" if self.low != self.high else ""
        return f"{self.value:.4f}{interval}"

    def as_json(self, claim: Claim) -> dict[str, Any]:
        """The ratio, and how many percent it is below (negative) or above what was published."""
        data: dict[str, Any] = {"ratio": self.value, "interval": [self.low, self.high]}
        if claim.published_range:
            data["distance_percent"] = 100 * claim.published_range.distance(self.value)
        return data


@dataclass(frozen=True)
class AccuracyDifference:
    """By how many percentage points one accuracy exceeds another on the same clips."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, numerator: Measurement, denominator: Measurement, group: str) -> Self:
        """Numerator - denominator on the clips of one `group` of classes, or on all.

        Raises `BenchError` for accuracies on different clips.
        """
        test = proportions.paired_test(
            numerator.answers(group),
            denominator.answers(group),
            reversed_pairs=numerator.has_reversed_pairs,
        )
        return cls(test.points, test.low, test.high)

    def standing(self, claim: Claim) -> Standing:
        """Met if the whole interval is above the bound, not met if it is below, else undecided."""
        if self.low > claim.bound:
            return Standing.MET
        return Standing.NOT_MET if self.high < claim.bound else Standing.UNDECIDED

    def brief(self, claim: Claim) -> str:
        """The difference in points."""
        return f"{self.value:+.1f} points"

    def text(self, claim: Claim) -> str:
        """The difference with its interval."""
        text = f"{self.brief(claim)}, {self.low:+.1f} to {self.high:+.1f}"
        if self.standing(claim) is Standing.UNDECIDED:
            text += f", which contains the bound {claim.bound:+g}"
        return text

    @property
    def figure(self) -> str:
        """The difference with its interval, without units."""
        return f"{self.value:+.1f} ({self.low:+.1f} to {self.high:+.1f})"

    def as_json(self, claim: Claim) -> dict[str, Any]:
        """The difference with its interval."""
        return {"points": self.value, "interval": [self.low, self.high]}


@dataclass(frozen=True)
class RightTwice:
    """How many of all `pairs` of a motion and its reverse a network has both right.

    A network that ignores the order of frames gives one answer to both, so that it has none. There
    is no interval: a single pair is a proof.
    """

    value: int
    pairs: int

    @classmethod
    def of(cls, measurement: Measurement, group: str) -> Self:
        """The count on the clips of one `group` of classes, or on all."""
        answers = measurement.answers(group)
        return cls(proportions.count_right_twice(answers), len(answers) // 2)

    def standing(self, claim: Claim) -> Standing:
        """Met if at most as many pairs are right twice as the claim allows."""
        return Standing.MET if self.value <= claim.bound else Standing.NOT_MET

    def brief(self, claim: Claim) -> str:
        """The count, of how many."""
        return f"{self.value} of {self.pairs} pairs right twice"

    text = brief

    @property
    def figure(self) -> str:
        """The count, of how many, without a unit."""
        return f"{self.value} of {self.pairs}"

    def as_json(self, claim: Claim) -> dict[str, Any]:
        """The count, and the number of pairs."""
        return {"right_twice": self.value, "pairs": self.pairs}


def _format(ratio: float, claim: Claim) -> str:
    return f"{ratio:.3f}x" if claim.at_most is None else f"{ratio - 1:+.2%}"


def is_reference_of(point: Point, measurement: Measurement) -> bool:
    """Whether a measurement was taken in turn with `point`."""
    return measurement.reference is not None and measurement.reference.point == point
