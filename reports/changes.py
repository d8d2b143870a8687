"""What changed since other results: verdicts, figures, and what they were measured with.

Both sides are judged by the claims as they stand now. No figure is compared with one of another
machine.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bench.claims.verdicts import ClaimResult
from bench.records.measurement import Environment, Measurement
from bench.records.point import Point
from reports.claim_changes import ClaimChange
from reports.compared import Compared
from reports.gaps import some_of
from reports.tables import Cell, Table
from suites.rules import load_rules

CLAIM_HEADINGS = ("claim", "case", "figure then", "figure now", "verdict then", "verdict now")
FIGURE_HEADINGS = ("quantity", "of", "machine", "then", "now", "difference", "note")
GROUP_HEADINGS = ("change", "quantity", "machine", "why", "measurements", "of")

NEW, GONE, MOVED, DOUBTFUL = KINDS = ("new", "gone", "of another machine", "cannot be told")

Place = tuple[str, Point, str]  # what a figure is of: quantity and instrument, point, machine
Row = tuple[str, str, str, str, Point]  # kind, quantity and instrument, machine, reason


@dataclass(frozen=True)
class Results:
    """One side: the newest measurement of each point, instrument and machine, and the verdicts."""

    measurements: tuple[Measurement, ...]
    claims: tuple[ClaimResult, ...]


@dataclass(frozen=True)
class Group:
    """Measurements of one instrument that cannot be compared, for the same reason."""

    kind: str
    label: str
    machine: str
    why: str
    points: tuple[Point, ...]

    def as_json(self) -> dict[str, Any]:
        """All of it, with every point."""
        return {
            "kind": self.kind,
            "quantity": self.label,
            "machine": self.machine,
            "reason": self.why,
            "points": [point.model_dump(mode="json") for point in self.points],
        }


@dataclass(frozen=True)
class Changes:
    """What is not as in the older results; `between` are the times of their measurements, UTC.

    `environment` has, by name, what measured then and now, where that is not the same.
    """

    between: tuple[str, str]
    claims: tuple[ClaimChange, ...]
    figures: tuple[Compared, ...]
    groups: tuple[Group, ...]
    unchanged: int
    environment: tuple[tuple[str, str, str], ...]

    @cached_property
    def summary(self) -> str:
        """How much changed, in a sentence or two."""
        flipped = sum(claim.is_flipped for claim in self.claims)
        parts = [
            _count(flipped, "verdict"),
            _count(len(self.claims) - flipped, "claim's figures", "claims' figures"),
            _count(len(self.figures), "measurement"),
        ]
        changed = ", ".join(part for part in parts if part)
        found = f"{changed} changed" if changed else "No verdict and no figure changed"
        counts = [f"{self.unchanged} unchanged"] if self.unchanged else []
        counts += [
            f"{sum(len(g.points) for g in self.groups if g.kind == kind)} {kind}"
            for kind in dict.fromkeys(group.kind for group in self.groups)
        ]
        others = f" Other measurements: {', '.join(counts)}." if counts else ""
        where = "" if changed or not self.environment else " What measured them did."
        return f"{found}.{where}{others}"

    @cached_property
    def claims_table(self) -> Table:
        """A row for every case that changed."""
        rows = (
            (claim.new.claim.title, case.label, *case.figures, claim.old.verdict, claim.new.verdict)
            for claim in self.claims
            for case in claim.cases
        )
        return _table("cases of claims that changed", CLAIM_HEADINGS, rows)

    @cached_property
    def figures_table(self) -> Table:
        """A row for every measurement that changed."""
        rows = tuple(
            (
                *map(Cell, (one.new.label, str(one.new.point), one.machine, *one.figures)),
                Cell(one.difference, one.percent),
                Cell(one.note),
            )
            for one in self.figures
        )
        return Table("measurements that changed", FIGURE_HEADINGS, rows).compact()

    @cached_property
    def groups_table(self) -> Table:
        """What is on one side only, or cannot be told."""
        rows = tuple(
            (
                *map(Cell, (group.kind, group.label, group.machine, group.why)),
                Cell(str(len(group.points)), len(group.points)),
                Cell(some_of([str(point) for point in group.points])),
            )
            for group in self.groups
        )
        return Table("measurements that are not compared", GROUP_HEADINGS, rows).compact()

    @cached_property
    def environment_table(self) -> Table:
        """What measured, where it is not the same."""
        return _table("what measured", ("", "then", "now"), self.environment)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Those that have rows."""
        all_ = (self.claims_table, self.figures_table, self.groups_table, self.environment_table)
        return tuple(table for table in all_ if table.rows)

    def as_json(self) -> dict[str, Any]:
        """All of it, each point spelt out."""
        return {
            "against": {"measured_between": list(self.between)},
            "claims": [claim.as_json() for claim in self.claims],
            "measurements": [one.as_json() for one in self.figures],
            "not_compared": [group.as_json() for group in self.groups],
            "unchanged": self.unchanged,
            "environment": {n: {"old": old, "new": new} for n, old, new in self.environment},
        }


def build_changes(old: Results, new: Results) -> Changes:
    """What `new` has that `old` has not, has otherwise, or has no more; of the same claims."""
    rules = load_rules()
    before, now = ({_place(m): m for m in side.measurements} for side in (old, new))
    compared = [
        Compared(before[place], m, rules.find(m.quantity, m.instrument))
        for place, m in now.items()
        if place in before
    ]
    claims = (ClaimChange.of(*pair) for pair in zip(old.claims, new.claims, strict=True))
    doubts = ((DOUBTFUL, c.new.label, c.machine, c.doubt, c.new.point) for c in compared if c.doubt)
    times = [m.measured_at for m in old.measurements]
    return Changes(
        between=(min(times), max(times)),
        claims=tuple(claim for claim in claims if claim.cases),
        figures=tuple(one for one in compared if one.is_changed),
        groups=_grouped([*_one_sided(before, now), *doubts]),
        unchanged=sum(not (one.is_changed or one.doubt) for one in compared),
        environment=_environment(old.measurements, new.measurements),
    )


def _place(measurement: Measurement) -> Place:
    return measurement.label, measurement.point, measurement.machine


def _one_sided(before: Iterable[Place], now: Iterable[Place]) -> Iterator[Row]:
    """What only one side has; what both have, of other machines, in one."""
    then, here = set(before), set(now)
    machines: dict[tuple[str, Point], tuple[list[str], list[str]]] = {}
    for place in (*before, *now):
        if (place in then) != (place in here):
            label, point, machine = place
            machines.setdefault((label, point), ([], []))[place in here].append(machine)
    for (label, point), (gone, new) in machines.items():
        if gone and new:
            moved = f"{' and '.join(gone)} then, {' and '.join(new)} now"
            yield MOVED, label, moved, "", point
            continue
        for kind, found in ((GONE, gone), (NEW, new)):
            yield from ((kind, label, machine, "", point) for machine in found)


def _grouped(rows: Iterable[Row]) -> tuple[Group, ...]:
    groups: dict[tuple[str, str, str, str], list[Point]] = {}
    for *key, point in rows:
        kind, label, machine, why = key
        groups.setdefault((kind, label, machine, why), []).append(point)
    ordered = sorted(groups.items(), key=lambda item: (KINDS.index(item[0][0]), item[0]))
    return tuple(Group(*key, tuple(points)) for key, points in ordered)


def _environment(
    old: Iterable[Measurement], new: Iterable[Measurement]
) -> tuple[tuple[str, str, str], ...]:
    """What measured, by name, where it differs."""
    then, now = (
        _measured_with({m.environment.model_dump_json(): m.environment for m in side}.values())
        for side in (old, new)
    )
    sides = {name: (then.get(name, ()), now.get(name, ())) for name in {**then, **now}}
    return tuple(
        (name, ", ".join(sorted(before)), ", ".join(sorted(after)))
        for name, (before, after) in sides.items()
        if set(before) != set(after)
    )


def _measured_with(environments: Iterable[Environment]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for e in environments:
        named = {"machine": e.machine, "system": e.system, "Python": e.python, **e.packages}
        for name, text in named.items():
            found.setdefault(name, set()).add(text)
    return found


def _table(caption: str, headings: tuple[str, ...], rows: Iterable[Sequence[str]]) -> Table:
    cells = tuple(tuple(map(Cell, row)) for row in rows)
    return Table(caption, headings, cells)


def _count(number: int, one: str, several: str = "") -> str:
    """A number of things, "" for none."""
    return f"{number} {one if number == 1 else several or one + 's'}" if number else ""
