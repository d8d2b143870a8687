"""A measurement that was made twice, and whether its figure is another now.

The tests are those of the gate: counts exactly, samples and answers where chance cannot explain it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bench.gate.change import Change, Outcome, detect_change
from bench.gate.entry import Entry
from bench.gate.result import other_conditions
from bench.records.measurement import Measurement
from suites.rules import Rule

MEASURED = ("samples", "reference", "uncounted")  # of an entry


@dataclass(frozen=True)
class Compared:
    """Two measurements of one quantity, point and machine, held against each other by a rule."""

    old: Measurement
    new: Measurement
    rule: Rule

    @property
    def machine(self) -> str:
        """What measured both; "" where it has nothing to do with the figure."""
        return self.new.machine

    @cached_property
    def _entries(self) -> tuple[Entry, Entry]:
        return Entry.of(self.old), Entry.of(self.new)

    @cached_property
    def figures(self) -> tuple[str, str]:
        """Both as a table shows them: what is timed in turn with another network as a ratio."""
        old, new = self._entries
        return old.figure, new.figure

    @property
    def _has_figures(self) -> bool:
        return self.old.status == self.new.status == "ok"

    @property
    def doubt(self) -> str:
        """Why nobody can tell whether the figure is another; "" where the rule's test can."""
        return self._change.reason if self._change.outcome is Outcome.CANNOT_TELL else ""

    @property
    def is_changed(self) -> bool:
        """Whether the figure is another, or there is one on one side only."""
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
            return Change(Outcome.CANNOT_TELL, reason="answers to other clips")
        if len({entry.reference.point for entry in (old, new) if entry.reference}) > 1:
            return Change(Outcome.CANNOT_TELL, reason="timed in turn with another network")
        if all(getattr(old, field) == getattr(new, field) for field in MEASURED):
            return Change(Outcome.UNCHANGED)  # the same, however few samples it has
        return detect_change(old, new, self.rule)

    @cached_property
    def percent(self) -> float | None:
        """By how much the new figure differs; None where the two do not divide."""
        old, new = self._entries
        if not self._has_figures or old.unit != new.unit or not old.value:
            return None
        share = 100 * (new.value / old.value - 1)
        return share if math.isfinite(share) else None

    @property
    def difference(self) -> str:
        """The difference in percent; of accuracies, which are in percent, in points."""
        if self.percent is None:
            return ""
        if self.new.is_accuracy:
            old, new = self._entries
            return f"{new.value - old.value:+.2f} points"
        return f"{self.percent:+.2f} %"

    @property
    def note(self) -> str:
        """What else is not as it was, and may be why."""
        return "; ".join(self._notes())

    def _notes(self) -> Iterator[str]:
        old, new = self._entries
        if new.reason:
            yield new.reason
        before, now = old.uncounted, new.uncounted
        for name in sorted({*before, *now}):
            if before.get(name, 0) != now.get(name, 0):
                yield f"{name}: {now.get(name, 0)} uncounted instead of {before.get(name, 0)}"
        if self.old.code.network != self.new.code.network:
            yield "other source of the network"
        if self.old.code.instrument != self.new.code.instrument:
            yield "other source of the instrument"
        if conditions := other_conditions(old, new):
            yield conditions

    def as_json(self) -> dict[str, Any]:
        """What was measured, both figures, and the difference in percent where there is one."""
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
