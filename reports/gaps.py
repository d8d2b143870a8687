"""Measurements without a figure, grouped by their reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.records.measurement import Measurement, Status
from bench.wording import count_text, list_first

LISTED = 3  # points of a gap; results.csv has all. For out of memory, all are listed


@dataclass(frozen=True)
class Gap:
    """The points of one instrument and machine that have no figure, for the same reason."""

    label: str
    machine: str
    status: Status
    reason: str
    points: tuple[str, ...]

    @property
    def text(self) -> str:
        """The gap in a sentence."""
        points = list_first(self.points, len(self.points) if self.status == "oom" else LISTED)
        where = f" on {self.machine}" if self.machine else ""
        count = count_text(len(self.points), "point")
        return f"{self.label}{where}, {count}: {self.status}, {self.reason} ({points})"


def build_gaps(measurements: Sequence[Measurement]) -> tuple[Gap, ...]:
    """All gaps, in the order of their first points."""
    groups: dict[tuple[str, str, Status, str], list[str]] = {}
    for m in measurements:
        if m.status != "ok":
            key = (m.label, m.machine, m.status, m.reason)
            groups.setdefault(key, []).append(str(m.point))
    return tuple(Gap(*key, tuple(points)) for key, points in groups.items())
