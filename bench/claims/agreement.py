"""Agreement of measured MACs and parameters with the published counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.records.point import Point
from suites import PublishedRow

INSTRUMENTS = {"macs": "macs:flop_counter", "params": "params:shapes"}
MEASURED_BY = "blvbench run published --store FILE"


class Reproduction(StrEnum):
    """Whether a published figure was reproduced."""

    REPRODUCED = "reproduced"
    DIFFERS = "differs"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Agreement:
    """A published count, `macs` of one clip or `params`, and its measurement if there is one.

    A printed figure is never adjusted: if it differs, both are shown. Judging a figure of a source
    without a counting rule raises `SuiteError`.
    """

    row: PublishedRow
    quantity: str
    measurement: Measurement | None

    @property
    def published(self) -> int:
        """The figure as printed, in MACs or parameters."""
        return self.row.figures[self.quantity]

    @property
    def measured(self) -> int | None:
        """The figure by the rule of the source, not rounded; None where there is a `gap`."""
        if self.gap or self.measurement is None:
            return None
        details, rule = self.measurement.details, self.row.rule
        if self.quantity == "macs":
            return rule.count(details["by_operator"])
        return int(
            details["by_module"][rule.params_of] if rule.params_of else self.measurement.value
        )

    @property
    def gap(self) -> str:
        """Why there is no measured figure; "" where there is one."""
        if self.measurement is None:
            return f"{self.row.network} is not measured: run '{MEASURED_BY}'"
        if self.measurement.status != "ok":
            return f"{self.row.network} {self.measurement.status}: {self.measurement.reason}"
        details, part = self.measurement.details, self.row.rule.params_of
        if self.quantity == "macs" and "by_operator" not in details:
            return f"{self.row.network} has no MACs by operator: run '{MEASURED_BY}'"
        if self.quantity == "params" and part and part not in details.get("by_module", {}):
            return f"{self.row.network} has no parameters of {part}: run '{MEASURED_BY}'"
        return ""

    @property
    def verdict(self) -> Reproduction:
        """Reproduced if the source would print the measured figure as it printed its own."""
        if self.measured is None:
            return Reproduction.NOT_MEASURED
        is_same = self.row.prints(self.quantity, self.measured)
        return Reproduction.REPRODUCED if is_same else Reproduction.DIFFERS

    @property
    def difference(self) -> int | None:
        """Measured - published; not 0 where the printed figure is rounded."""
        return None if self.measured is None else self.measured - self.published

    def as_json(self) -> dict[str, Any]:
        """The point, source, rule, verdict and both figures, or why one is missing."""
        figures = (
            {"status": "not_measured", "reason": self.gap}
            if self.measured is None
            else {"status": "ok", "measured": self.measured, "difference": self.difference}
        )
        return {
            "source": self.row.source,
            "dataset": self.row.dataset,
            "note": self.row.note,
            "point": _point(self.row).model_dump(mode="json"),
            "quantity": self.quantity,
            "rule": self.row.rule.reason,
            "verdict": str(self.verdict),
            "published": self.published,
            **figures,
        }


def check_agreement(
    rows: Sequence[PublishedRow], measurements: Iterable[Measurement]
) -> tuple[Agreement, ...]:
    """Compare every published count, in the order of `rows`, with the newest measurement."""
    index = Index(measurements)
    return tuple(
        Agreement(row, quantity, index.find(INSTRUMENTS[quantity], _point(row)))
        for row in rows
        for quantity in row.figures
    )


def _point(row: PublishedRow) -> Point:
    """The point of a row. Its figures are of one clip, so batch and mode are at their defaults."""
    return Point(
        network=row.network,
        depth=row.depth,
        frames=row.frames,
        input_size=row.input_size,
        num_classes=row.num_classes,
        options=row.options,
    )
