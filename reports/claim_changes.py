"""A claim judged on older and on newer results: its verdicts and the figures of its cases."""

from dataclasses import dataclass
from typing import Any, Self

from bench.claims.verdicts import CaseResult, ClaimResult

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class CaseChange:
    """A case of a claim on one machine. One side is None if it lacks the case."""

    label: str
    old: CaseResult | None
    new: CaseResult | None

    @property
    def figures(self) -> tuple[str, str]:
        """The figures that decide the case, then and now."""
        old, new = (
            case.finding.figure if case and case.finding else NOT_MEASURED
            for case in (self.old, self.new)
        )
        return old, new

    @property
    def is_changed(self) -> bool:
        """Whether the figure or the result of the case differs."""
        old, new = (
            (case.finding, case.standing) if case and case.finding else None
            for case in (self.old, self.new)
        )
        return old != new


@dataclass(frozen=True)
class ClaimChange:
    """The results of a claim then and now, with the cases that changed."""

    old: ClaimResult
    new: ClaimResult
    cases: tuple[CaseChange, ...]

    @classmethod
    def of(cls, old: ClaimResult, new: ClaimResult) -> Self:
        """Compare two results of one claim, case by case."""
        before, now = ({case.label: case for case in side.cases} for side in (old, new))
        cases = (CaseChange(n, before.get(n), now.get(n)) for n in {**before, **now})
        return cls(old, new, tuple(case for case in cases if case.is_changed))

    @property
    def is_flipped(self) -> bool:
        """Whether the verdict changed."""
        return self.old.verdict is not self.new.verdict

    def as_json(self) -> dict[str, Any]:
        """Verdicts and figures, then and now."""
        return {
            "id": self.new.claim.id,
            "verdict": {"old": str(self.old.verdict), "new": str(self.new.verdict)},
            "cases": [
                {"label": case.label, **dict(zip(("old", "new"), case.figures, strict=True))}
                for case in self.cases
            ],
        }
