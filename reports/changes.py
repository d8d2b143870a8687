"""Changes since older results: verdicts, figures, and the machines and versions behind them.

Both sides are judged by the current claims. Figures of different machines or numbers of threads are
never compared.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from bench.claims.verdicts import ClaimResult
from bench.records.index import Key, key_of
from bench.records.measurement import Environment, Measurement
from bench.records.point import Point
from bench.wording import list_first
from reports.claim_changes import ClaimChange
from reports.figure_changes import FigureChange
from reports.gaps import LISTED
from reports.tables import Cell, Table, count_cell
from suites.rules import load_rules

CLAIM_HEADINGS = ("claim", "case", "figure then", "figure now", "verdict then", "verdict now")
FIGURE_HEADINGS = ("quantity", "point", "machine", "then", "now", "difference", "note")
GROUP_HEADINGS = ("change", "quantity", "machine", "reason", "measurements", "points")

NEW, GONE, MOVED, UNDECIDED = KINDS = (
    "new",
    "gone",
    "on another machine or number of threads",
    "not decided",
)


class GroupKey(NamedTuple):
    """What the measurements of a group have in common. A `label` is `quantity:instrument`."""

    kind: str
    label: str
    machine: str
    reason: str = ""


@dataclass(frozen=True)
class Results:
    """The newest measurement of each point, instrument and machine, and the verdicts on them."""

    measurements: tuple[Measurement, ...]
    claims: tuple[ClaimResult, ...]


@dataclass(frozen=True)
class ChangeGroup:
    """Measurements that are not compared, all for the same reason."""

    key: GroupKey
    points: tuple[Point, ...]

    def as_json(self) -> dict[str, Any]:
        """The group with every point."""
        return {
            "kind": self.key.kind,
            "quantity": self.key.label,
            "machine": self.key.machine,
            "reason": self.key.reason,
            "points": [point.model_dump(mode="json") for point in self.points],
        }


@dataclass(frozen=True)
class Changes:
    """Differences from older results, which were measured `between` two times (UTC).

    `environment` has the name, the old and the new text of each difference between the machines and
    the versions.
    """

    between: tuple[str, str]
    claims: tuple[ClaimChange, ...]
    figures: tuple[FigureChange, ...]
    groups: tuple[ChangeGroup, ...]
    unchanged: int
    environment: tuple[tuple[str, str, str], ...]

    @cached_property
    def summary(self) -> str:
        """The number of changes, in a few sentences."""
        flipped = sum(claim.is_flipped for claim in self.claims)
        counts = [
            _count(flipped, "verdict"),
            _count(len(self.claims) - flipped, "claim's figures", "claims' figures"),
            _count(len(self.figures), "measurement"),
        ]
        changed = ", ".join(count for count in counts if count)
        sentences = [f"{changed} changed." if changed else "No verdict and no figure changed."]
        if self.environment and not changed:
            sentences.append("The machines or the versions differ.")
        rest = [f"{self.unchanged} unchanged"] if self.unchanged else []
        rest += [
            f"{sum(len(g.points) for g in self.groups if g.key.kind == kind)} {kind}"
            for kind in dict.fromkeys(group.key.kind for group in self.groups)
        ]
        if rest:
            sentences.append(f"Other measurements: {', '.join(rest)}.")
        return " ".join(sentences)

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
        """A row for each group of measurements that are not compared."""
        rows = tuple(
            (
                *map(Cell, group.key),
                count_cell(len(group.points)),
                Cell(list_first([str(point) for point in group.points], LISTED)),
            )
            for group in self.groups
        )
        return Table("measurements that are not compared", GROUP_HEADINGS, rows).compact()

    @cached_property
    def environment_table(self) -> Table:
        """A row for each difference between the machines and the versions."""
        return _table(
            "machines and versions that differ", ("name", "then", "now"), self.environment
        )

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables that have rows."""
        all_ = (self.claims_table, self.figures_table, self.groups_table, self.environment_table)
        return tuple(table for table in all_ if table.rows)

    def as_json(self) -> dict[str, Any]:
        """All changes, with every point."""
        return {
            "against": {"measured_between": list(self.between)},
            "claims": [claim.as_json() for claim in self.claims],
            "measurements": [one.as_json() for one in self.figures],
            "not_compared": [group.as_json() for group in self.groups],
            "unchanged": self.unchanged,
            "environment": {n: {"old": old, "new": new} for n, old, new in self.environment},
        }


def build_changes(old: Results, new: Results) -> Changes:
    """The differences of `new` from `old`, which are judged by the same claims."""
    rules = load_rules()
    before, now = (
        {key_of(m)._replace(machine=m.platform): m for m in side.measurements}
        for side in (old, new)
    )
    pairs = [
        FigureChange(before[key], m, rules.find(m.quantity, m.instrument))
        for key, m in now.items()
        if key in before
    ]
    claims = (ClaimChange.of(*pair) for pair in zip(old.claims, new.claims, strict=True))
    undecided = (
        (GroupKey(UNDECIDED, pair.new.label, pair.machine, pair.undecided_reason), pair.new.point)
        for pair in pairs
        if pair.undecided_reason
    )
    times = [m.measured_at for m in old.measurements]
    return Changes(
        between=(min(times), max(times)),
        claims=tuple(claim for claim in claims if claim.cases),
        figures=tuple(pair for pair in pairs if pair.is_changed),
        groups=_group([*_find_one_sided(before, now), *undecided]),
        unchanged=sum(not (pair.is_changed or pair.undecided_reason) for pair in pairs),
        environment=_environment(old.measurements, new.measurements),
    )


def _find_one_sided(
    before: Collection[Key], now: Collection[Key]
) -> Iterator[tuple[GroupKey, Point]]:
    """The points that only one side has, and those that each side has on other machines."""
    machines: dict[tuple[str, Point], tuple[list[str], list[str]]] = {}
    for key in (*before, *now):
        if (key in before) != (key in now):
            sides = machines.setdefault((key.label, key.point), ([], []))
            sides[key in now].append(key.machine)
    for (label, point), (gone, new) in machines.items():
        if gone and new:
            moved = f"{' and '.join(gone)} then, {' and '.join(new)} now"
            yield GroupKey(MOVED, label, moved), point
        else:
            yield from ((GroupKey(GONE, label, machine), point) for machine in gone)
            yield from ((GroupKey(NEW, label, machine), point) for machine in new)


def _group(rows: Iterable[tuple[GroupKey, Point]]) -> tuple[ChangeGroup, ...]:
    groups: dict[GroupKey, list[Point]] = {}
    for key, point in rows:
        groups.setdefault(key, []).append(point)
    ordered = sorted(groups.items(), key=lambda item: (KINDS.index(item[0].kind), item[0]))
    return tuple(ChangeGroup(key, tuple(points)) for key, points in ordered)


def _environment(
    old: Iterable[Measurement], new: Iterable[Measurement]
) -> tuple[tuple[str, str, str], ...]:
    """The name, the old and the new text of each machine and version that differs."""
    then, now = (
        _list_versions({m.environment.model_dump_json(): m.environment for m in side}.values())
        for side in (old, new)
    )
    sides = {name: (then.get(name, ()), now.get(name, ())) for name in {**then, **now}}
    return tuple(
        (name, ", ".join(sorted(before)), ", ".join(sorted(after)))
        for name, (before, after) in sides.items()
        if set(before) != set(after)
    )


def _list_versions(environments: Iterable[Environment]) -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for e in environments:
        named = {"machine": e.machine, "system": e.system, "Python": e.python, **e.packages}
        for name, text in named.items():
            versions.setdefault(name, set()).add(text)
    return versions


def _table(caption: str, headings: tuple[str, ...], rows: Iterable[Sequence[str]]) -> Table:
    cells = tuple(tuple(map(Cell, row)) for row in rows)
    return Table(caption, headings, cells)


def _count(number: int, one: str, several: str = "") -> str:
    """A number and its noun; "" for 0."""
    return f"{number} {one if number == 1 else several or one + 's'}" if number else ""
