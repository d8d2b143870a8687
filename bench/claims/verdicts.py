"""Verdicts: what measurements say about each published claim.

Figures that depend on the machine are judged on each machine and number of threads by itself; no
ratio mixes two.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from statistics import mean
from typing import Any

from bench.claims.findings import (
    AccuracyDifference,
    Finding,
    Ratio,
    RightTwice,
    Standing,
    is_reference_of,
)
from bench.claims.published import AsPublished, find_published
from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.records.point import Point
from suites import Case, Claim, PublishedRow


class Verdict(StrEnum):
    """The result of a claim over all of its cases."""

    REPRODUCED = "reproduced"
    PARTLY = "partly"
    NOT_REPRODUCED = "not reproduced"
    NOT_DECIDED = "not decided"
    NOT_MEASURED = "not measured here"
    HOLDS_AS_PUBLISHED = "holds as published"
    PARTLY_AS_PUBLISHED = "partly as published"
    FAILS_AS_PUBLISHED = "fails as published"


@dataclass(frozen=True)
class CaseResult:
    """A case of a claim on one machine, with the measurements of both sides as far as they exist.

    `machine` is the platform of the figures, "" where they depend on no machine. If the denominator
    was measured in turn with the numerator, the numerator has the samples of these pairs.
    `published` are the published accuracies of the case, which count while it has a `gap`.
    """

    claim: Claim
    case: Case
    machine: str
    numerator: Measurement | None
    denominator: Measurement | None
    published: AsPublished | None = None

    @property
    def label(self) -> str:
        """The case's label, with the machine if there is one."""
        return f"{self.case.label} on {self.machine}" if self.machine else self.case.label

    @property
    def gap(self) -> str:
        """Why the case cannot be judged; "" if it can.

        It cannot if a side has no value, if the divisor is 0, if accuracies are of different clips
        or lack pairs that are needed, or if the sides were measured by different versions of the
        instrument or the libraries.
        """
        return next(self._gaps(), "")

    def _gaps(self) -> Iterator[str]:
        claim = self.claim
        for network, side in zip(claim.sides, self._measurements, strict=True):
            if side is None:
                yield f"{network.label} is not measured: {claim.measured_by}"
            elif side.status != "ok":
                yield f"{network.label} {side.status}: {side.reason}"
            elif claim.group and claim.group not in side.details.get("group_sizes", {}):
                yield f"{network.label} has no {claim.group} classes: {claim.measured_by}"
            elif claim.compare == "right_twice" and not side.has_reversed_pairs:
                yield f"{network.label} has no pairs of reversed clips: {claim.measured_by}"
            elif claim.compare == "ratio" and side is self.denominator and not all(side.samples):
                yield f"{network.label} measured 0"
        measured = [side for side in self._measurements if side]
        if len({_versions(side) for side in measured}) > 1:
            yield f"measured by different versions: {claim.measured_by}"
        if claim.compare != "ratio" and len({side.protocol for side in measured}) > 1:
            yield f"measured on different clips: {claim.measured_by}"

    @property
    def _measurements(self) -> tuple[Measurement | None, ...]:
        """The measurement of each side of the claim."""
        return (self.numerator, self.denominator)[: len(self.claim.sides)]

    @property
    def values(self) -> tuple[float, ...]:
        """The value of each side; for an accuracy, its value on the claim's group.

        Requires that the case is judged.
        """
        if isinstance(self.finding, AsPublished):
            return self.finding.accuracies
        group = self.claim.group
        return tuple(
            mean(side.answers(group)) if group else side.value
            for side in self._measurements
            if side
        )

    @property
    def unit(self) -> str:
        """The unit of the values."""
        return self.numerator.unit if self.numerator else "percent"

    @cached_property
    def finding(self) -> Finding | None:
        """The figure that the case is judged by: measured, else as published; None without one."""
        if self.gap or self.numerator is None:
            return self.published
        group = self.claim.group
        if self.denominator is None:
            return RightTwice.of(self.numerator, group)
        if self.claim.compare == "points":
            return AccuracyDifference.of(self.numerator, self.denominator, group)
        return Ratio.of(self.numerator, self.denominator)

    @property
    def ratio(self) -> float | None:
        """Numerator / denominator; None where there is a `gap`, or the claim compares otherwise."""
        return self.finding.value if isinstance(self.finding, Ratio) else None

    @property
    def is_judged(self) -> bool:
        """Whether there is a figure to judge by, measured here or published."""
        return self.finding is not None

    @property
    def is_measured(self) -> bool:
        """Whether the figure to judge by is measured."""
        return self.is_judged and not self.is_published

    @property
    def is_published(self) -> bool:
        """Whether published accuracies stand in for measurements."""
        return isinstance(self.finding, AsPublished)

    @property
    def standing(self) -> Standing:
        """The result of the case."""
        return self.finding.standing(self.claim) if self.finding else Standing.NOT_MEASURED

    @property
    def is_met(self) -> bool:
        """Whether the case is measured and its figure surely satisfies the bound."""
        return self.standing is Standing.MET

    @property
    def warnings(self) -> list[str]:
        """The warnings of both sides, each once."""
        sides = [side for side in (self.numerator, self.denominator) if side]
        return list(dict.fromkeys(warning for side in sides for warning in side.warnings))

    @property
    def summary(self) -> str:
        """The case's label with its figure, and a note if an instrument warned."""
        if self.finding is None:
            return self.label
        note = "; samples with warnings" if self.warnings else ""
        return f"{self.label} ({self.finding.text(self.claim)}{note})"

    def as_json(self) -> dict[str, Any]:
        """The label, the machine and, if the case is measured, its figures and result."""
        where = {"label": self.case.label, "machine": self.machine}
        if self.finding is None:
            return {**where, "status": "not_measured", "reason": self.gap}
        if self.is_published:
            figures = self.finding.as_json(self.claim)
            return {**where, "status": "published", **figures, "standing": str(self.standing)}
        return {
            **where,
            "status": "ok",
            **dict(zip(("numerator", "denominator"), self.values, strict=False)),
            **self.finding.as_json(self.claim),
            "standing": str(self.standing),
            "met": self.is_met,
            "warnings": self.warnings,
        }


@dataclass(frozen=True)
class ClaimResult:
    """A judged claim with its judged cases."""

    claim: Claim
    cases: tuple[CaseResult, ...]

    @property
    def verdict(self) -> Verdict:
        """What the measured cases say together; if there are none, what the published ones say.

        A case that fails decides: partly, if another is met, else not reproduced. Without one the
        claim is not decided while a case is: reproduced would be too much, and partly would be a
        failure that nobody saw. If all measured cases are met, it is reproduced.
        """
        standings = {case.standing for case in self.cases if case.is_measured}
        if not standings:
            return self._published_verdict()
        if Standing.NOT_MET in standings:
            return Verdict.PARTLY if Standing.MET in standings else Verdict.NOT_REPRODUCED
        return Verdict.NOT_DECIDED if Standing.UNDECIDED in standings else Verdict.REPRODUCED

    def _published_verdict(self) -> Verdict:
        standings = {case.standing for case in self.cases if case.is_published}
        if not standings:
            return Verdict.NOT_MEASURED
        if len(standings) > 1:
            return Verdict.PARTLY_AS_PUBLISHED
        holds = standings == {Standing.MET}
        return Verdict.HOLDS_AS_PUBLISHED if holds else Verdict.FAILS_AS_PUBLISHED

    @property
    def is_complete(self) -> bool:
        """Whether every case is measured."""
        return all(case.is_measured for case in self.cases)

    @property
    def sentence(self) -> str:
        """One sentence: the cases where the claim holds, where it does not, and the others.

        If only some cases are measured, or none but some are published, it says so first.
        """
        groups = {
            standing: [case.summary for case in self.cases if case.standing is standing]
            for standing in Standing
        }
        parts = [
            f"{standing} at {_enumerate(cases)}" for standing, cases in groups.items() if cases
        ]
        start = ""
        if any(case.is_measured for case in self.cases):
            start = "" if self.is_complete else "as far as measured, "
        elif any(case.is_published for case in self.cases):
            start = "as published, not measured here: "
        sentence = start + "; ".join(parts)
        return sentence[:1].upper() + sentence[1:] + "."

    def as_json(self) -> dict[str, Any]:
        """The claim, its verdict, and every case with its figures."""
        return {
            **self.claim.model_dump(mode="json", exclude={"cases"}, exclude_none=True),
            "bound": self.claim.bound,
            "verdict": str(self.verdict),
            "complete": self.is_complete,
            "finding": self.sentence,
            "cases": [case.as_json() for case in self.cases],
        }


def points_of(claim: Claim) -> list[Point]:
    """The points whose measurements decide a claim."""
    return [point for case in claim.cases for point in _points(claim, case)]


def judge(
    claims: Sequence[Claim],
    measurements: Iterable[Measurement],
    published: Sequence[PublishedRow] = (),
) -> list[ClaimResult]:
    """Judge every claim by the newest measurement of each point that it needs, on each platform.

    The newest is the last one in `measurements`. A machine that cannot measure a point says nothing
    about the claim. Accuracies that are not measured are judged by `published` ones.
    """
    index = Index(m for m in measurements if not (m.machine and m.status == "unsupported"))
    return [
        ClaimResult(
            claim,
            tuple(c for case in claim.cases for c in _judge(claim, case, index, published)),
        )
        for claim in claims
    ]


def _judge(
    claim: Claim, case: Case, index: Index, published: Sequence[PublishedRow]
) -> Iterator[CaseResult]:
    """A case on every platform that measured one of its sides."""
    point, *other = _points(claim, case)
    numerators = index.by_platform(claim.label, point)
    denominators: Mapping[str, Measurement] = (
        index.by_platform(claim.label, other[0]) if other else {}
    )
    in_print = (
        find_published(published, case.dataset, point, other[0])
        if claim.compare == "points" and not claim.group
        else None
    )
    for machine in sorted({*numerators, *denominators}) or [""]:
        numerator, denominator = numerators.get(machine), denominators.get(machine)
        if denominator and is_reference_of(point, denominator):
            numerator = denominator.reference_measurement
        yield CaseResult(claim, case, machine, numerator, denominator, in_print)


def _versions(measurement: Measurement) -> tuple[str, tuple[tuple[str, str], ...]]:
    return measurement.code.instrument, tuple(sorted(measurement.environment.packages.items()))


def _points(claim: Claim, case: Case) -> list[Point]:
    """The points of the sides of a case, the numerator's first."""
    shared = case.model_dump(exclude={"label", "against"})
    own = [side.model_dump(exclude_none=True) for side in claim.sides]
    if case.against:
        own[-1] |= case.against.model_dump(exclude_none=True)
    return [Point.model_validate(shared | fields) for fields in own]


def _enumerate(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
