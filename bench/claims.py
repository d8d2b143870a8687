"""Verdicts: what the measurements of a store say about each published claim."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bench.records import Measurement, Point
from suites import Case, Claim
from suites.claim import Side


class Verdict(StrEnum):
    """How a claim fared over its cases."""

    REPRODUCED = "reproduced"
    PARTLY = "partly"
    NOT_REPRODUCED = "not reproduced"
    NOT_MEASURED = "not measured here"


@dataclass(frozen=True)
class CaseResult:
    """A case of a claim and the measurements of both sides, where there are any."""

    claim: Claim
    case: Case
    numerator: Measurement | None
    denominator: Measurement | None

    @property
    def ratio(self) -> float | None:
        """Numerator / denominator, or None where they cannot be divided.

        That is where a side has no value, where the divisor is 0, and where the sides were measured
        by different versions of the instrument or of the libraries.
        """
        if self.numerator is None or self.denominator is None:
            return None
        if {self.numerator.status, self.denominator.status} != {"ok"} or not self.denominator.value:
            return None
        if _versions(self.numerator) != _versions(self.denominator):
            return None
        return self.numerator.value / self.denominator.value

    @property
    def is_measured(self) -> bool:
        """Whether there is a ratio to judge by."""
        return self.ratio is not None

    @property
    def gap(self) -> str:
        """Why there is no ratio."""
        networks = (self.claim.numerator.label, self.claim.denominator.label)
        for network, side in zip(networks, (self.numerator, self.denominator), strict=True):
            if side is None:
                return f"{network} is not measured: {self.claim.measured_by}"
            if side.status != "ok":
                return f"{network} {side.status}: {side.reason}"
            if not side.value:
                return f"{network} measured 0"
        return f"measured by different versions: {self.claim.measured_by}"

    @property
    def is_met(self) -> bool:
        """Whether the case is measured and its ratio keeps the claim's bound."""
        if self.ratio is None:
            return False
        low, high = self.claim.at_least, self.claim.at_most
        return (low is None or self.ratio >= low) and (high is None or self.ratio <= high)

    @property
    def summary(self) -> str:
        """The case's label with its ratio, or the increase where the claim bounds a cost."""
        if self.ratio is None:
            return self.case.label
        is_cost = self.claim.at_most is not None
        figure = f"{self.ratio - 1:+.2%}" if is_cost else f"{self.ratio:.3f}x"
        return f"{self.case.label} ({figure})"

    def as_json(self) -> dict[str, Any]:
        """The label and, where the case is measured, both values, the ratio and if it is met."""
        if self.ratio is None or self.numerator is None or self.denominator is None:
            return {"label": self.case.label, "status": "not_measured", "reason": self.gap}
        return {
            "label": self.case.label,
            "status": "ok",
            "numerator": self.numerator.value,
            "denominator": self.denominator.value,
            "ratio": self.ratio,
            "met": self.is_met,
        }


@dataclass(frozen=True)
class ClaimResult:
    """A claim and its cases, judged."""

    claim: Claim
    cases: tuple[CaseResult, ...]

    @property
    def verdict(self) -> Verdict:
        """Reproduced where every case is met, partly where only some are."""
        if not any(case.is_measured for case in self.cases):
            return Verdict.NOT_MEASURED
        met = sum(case.is_met for case in self.cases)
        if met == len(self.cases):
            return Verdict.REPRODUCED
        return Verdict.PARTLY if met else Verdict.NOT_REPRODUCED

    @property
    def finding(self) -> str:
        """One sentence: where the claim holds, where it does not, and what was not measured."""
        groups = {
            "met at": [c for c in self.cases if c.is_met],
            "not met at": [c for c in self.cases if c.is_measured and not c.is_met],
            "not measured at": [c for c in self.cases if not c.is_measured],
        }
        parts = [
            f"{how} {_and([case.summary for case in cases])}"
            for how, cases in groups.items()
            if cases
        ]
        sentence = "; ".join(parts)
        return sentence[:1].upper() + sentence[1:] + "."

    def as_json(self) -> dict[str, Any]:
        """The claim, its verdict, and every case with its figures as far as they were measured."""
        return {
            **self.claim.model_dump(mode="json", exclude={"cases"}, exclude_none=True),
            "verdict": str(self.verdict),
            "finding": self.finding,
            "cases": [case.as_json() for case in self.cases],
        }


def judge(claims: Sequence[Claim], measurements: Iterable[Measurement]) -> list[ClaimResult]:
    """Judge every claim by the newest measurement of each point that it needs."""
    newest = {(m.quantity, m.instrument, m.point): m for m in measurements}
    results = []
    for claim in claims:
        cases = tuple(
            CaseResult(
                case=case,
                claim=claim,
                numerator=newest.get(_key(claim, claim.numerator, case)),
                denominator=newest.get(_key(claim, claim.denominator, case)),
            )
            for case in claim.cases
        )
        results.append(ClaimResult(claim, cases))
    return results


def _versions(measurement: Measurement) -> tuple[str, dict[str, str]]:
    return measurement.code.instrument, measurement.environment.packages


def _key(claim: Claim, side: Side, case: Case) -> tuple[str, str, Point]:
    """What the measurement of one side of a case is found under."""
    fields = case.model_dump(exclude={"label"}) | side.model_dump(exclude_none=True)
    return claim.quantity, claim.instrument, Point.model_validate(fields)


def _and(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
