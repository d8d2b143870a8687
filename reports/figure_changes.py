"""A measurement of older and of newer results, and whether its figure changed.

The tests are those of the gate. Counts have changed if they differ at all; samples and answers, if
chance does not explain the difference.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bench.gate.change import Change, Outcome, detect_change
from bench.gate.entry import Entry
from bench.gate.result import condition_differences
from bench.records.measurement import Measurement
from suites.rules import Rule

FIGURE_FIELDS = ("samples", "reference", "uncounted")  # of an entry: equal ones, equal figures


@dataclass(frozen=True)
class FigureChange:
    """Two measurements of one quantity, point and platform, compared by a rule of the gate."""

    old: Measurement
    new: Measurement
    rule: Rule

    @property
    def machine(self) -> str:
        """The platform that measured both; "" if the figure depends on no machine."""
        return self.new.platform

    @cached_property
    def _entries(self) -> tuple[Entry, Entry]:
        return Entry.of(self.old), Entry.of(self.new)

    @cached_property
    def figures(self) -> tuple[str, str]:
        """Both figures as text. A latency timed in turn with a reference is a ratio to it."""
        old, new = self._entries
        return old.figure, new.figure

    @property
    def _has_figures(self) -> bool:
        return self.old.status == self.new.status == "ok"

    @property
    def undecided_reason(self) -> str:
        """The reason why the test cannot decide; "" if it can."""
        return self._change.reason if self._change.outcome is Outcome.CANNOT_TELL else ""

    @property
    def is_changed(self) -> bool:
        """Whether the figure changed, or exists on one side only."""
        return self._change.outcome not in (Outcome.UNCHANGED, Outcome.CANNOT_TELL)

    @cached_property
    def _change(self) -> Change:
        old, new = self._entries
        if not self._has_figures:
            same = old.status == new.status
            return Change(Outcome.UNCHANGED if same else Outcome.FAILED)
        if old.unit != new.unit:
            return Change(Outcome.OTHER_ENVIRONMENT)
        if self.old.is_accuracy and self.old.protocol != self.new.protocol:
            return Change(Outcome.CANNOT_TELL, reason="the accuracies are of different clips")
        if len({entry.reference.point for entry in (old, new) if entry.reference}) > 1:
            return Change(
                Outcome.CANNOT_TELL, reason="the latencies have different reference networks"
            )
        if all(getattr(old, field) == getattr(new, field) for field in FIGURE_FIELDS):
            return Change(Outcome.UNCHANGED)  # equal, even with too few samples for a test
        return detect_change(old, new, self.rule)

    @cached_property
    def percent(self) -> float | None:
        """The difference in percent; None if the two figures have no quotient."""
        old, new = self._entries
        if not self._has_figures or old.unit != new.unit or not old.value:
            return None
        share = 100 * (new.value / old.value - 1)
        return share if math.isfinite(share) else None

    @property
    def difference(self) -> str:
        """The difference in percent; that of accuracies in percentage points."""
        if self.percent is None:
            return ""
        if self.new.is_accuracy:
            old, new = self._entries
            return f"{new.value - old.value:+.2f} points"
        return f"{self.percent:+.2f} %"

    @property
    def note(self) -> str:
        """What else changed and may be the reason."""
        return "; ".join(self._notes())

    def _notes(self) -> Iterator[str]:
        old, new = self._entries
        if new.reason:
            yield new.reason
        before, now = old.uncounted, new.uncounted
        for name in sorted({*before, *now}):
            if before.get(name, 0) != now.get(name, 0):
                yield f"{name}: uncounted {before.get(name, 0)} times then, {now.get(name, 0)} now"
        if self.old.code.network != self.new.code.network:
            yield "the code of the network changed"
        if self.old.code.instrument != self.new.code.instrument:
            yield "the code of the instrument changed"
        if conditions := condition_differences(old, new):
            yield conditions

    def as_json(self) -> dict[str, Any]:
        """The point, both figures, and the difference in percent if there is one."""
        sides = {"old": self.old, "new": self.new}
        return {
            "quantity": self.new.quantity,
            "instrument": self.new.instrument,
            "machine": self.machine,
            "point": self.new.point.model_dump(mode="json"),
            **{name: _side(measurement) for name, measurement in sides.items()},
            **({} if self.percent is None else {"difference_percent": self.percent}),
            "note": self.note,
        }


def _side(measurement: Measurement) -> dict[str, Any]:
    if measurement.status != "ok":
        return {"status": measurement.status, "reason": measurement.reason}
    return {"status": "ok", "value": measurement.value, "unit": measurement.unit}
