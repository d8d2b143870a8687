"""What was tried and gave no figure: what fared alike in one line."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.records.measurement import Measurement, Status

NAMED = 3  # points of a gap; results.csv has them all, and where memory ends is said of all


@dataclass(frozen=True)
class Gap:
    """The points of one instrument that gave no figure for the same reason, on one machine."""

    label: str
    machine: str
    status: Status
    reason: str
    points: tuple[str, ...]

    @property
    def text(self) -> str:
        """The gap in a sentence."""
        points = some_of(self.points, len(self.points) if self.status == "oom" else NAMED)
        where = f" on {self.machine}" if self.machine else ""
        count = f"{len(self.points)} points" if len(self.points) > 1 else "1 point"
        return f"{self.label}{where}, {count}: {self.status}, {self.reason} ({points})"


def some_of(points: Sequence[str], most: int = NAMED) -> str:
    """The first points, and how many more there are."""
    rest = len(points) - most
    return "; ".join(points[:most]) + (f"; and {rest} more" if rest > 0 else "")


def build_gaps(measurements: Sequence[Measurement]) -> tuple[Gap, ...]:
    """Every gap, in the order of its first point."""
    groups: dict[tuple[str, str, Status, str], list[str]] = {}
    for m in measurements:
        if m.status != "ok":
            key = (m.label, m.machine, m.status, m.reason)
            groups.setdefault(key, []).append(str(m.point))
    return tuple(Gap(*key, tuple(points)) for key, points in groups.items())
