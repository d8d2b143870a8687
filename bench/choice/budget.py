"""What fits a budget: of points that grow, the largest one within it, and what stands in the way.

All here is a function of measurements that are at hand, whoever made them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Point

# By instrument and by the point as the instrument knows it; or why a network refuses the point.
Known = Mapping[tuple[str, Point], Measurement | str]

PREFIXES = {"T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "": 1.0}
BINARY = {"TiB": 2.0**40, "GiB": 2.0**30, "MiB": 2.0**20, "KiB": 2.0**10, "B": 1.0}
SHORT_TIMES = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
DIGITS, ALL_DIGITS = 4, 17  # that are written of a cost; and that a number has
ITEMS = {"frames": ("frame", "frames"), "batch": ("clip", "clips")}


@dataclass(frozen=True)
class Budget:
    """The most that a quantity may cost, by one instrument and in its unit, and how it was asked.

    `machine` is that of recorded figures, "" for what is measured here or is of no machine.
    """

    label: str
    limit: float
    text: str
    machine: str = ""

    @property
    def quantity(self) -> str:
        """What is budgeted."""
        return self.label.partition(":")[0]

    def as_json(self) -> dict[str, Any]:
        """The budget as JSON types."""
        unit = find_instrument(self.label).unit
        asked = {"asked": self.text, "machine": self.machine}
        return {"instrument": self.label, "limit": self.limit, "unit": unit, **asked}


@dataclass(frozen=True)
class Ladder:
    """Points of one network that differ in one field alone, smallest first.

    `end` says why there are no larger ones, or where there are none why. Where the smallest do not
    run, those from position `sure` on do, positions counted from 1.
    """

    base: Point
    field: Literal["frames", "batch"]
    values: Sequence[int]
    end: str
    sure: int = 1

    def at(self, value: int) -> Point:
        """The point with this number of frames or clips."""
        return self.base.model_copy(update={self.field: value})


@dataclass(frozen=True)
class Climb:
    """A ladder, and which of its values were tried."""

    ladder: Ladder
    tried: Collection[int]


@dataclass(frozen=True)
class Stand:
    """How far a climb comes within budgets: to `point`, which `fits` or is the least that runs."""

    point: Point
    fits: bool
    limit: str
    doubts: tuple[str, ...]


def cost_of(known: Known, label: str, point: Point) -> Measurement | str | None:
    """What is known of a point's cost, None where nothing is."""
    return known.get((label, find_instrument(label).canonical(point)))


def utilisation(budgets: Iterable[Budget], known: Known, point: Point) -> float:
    """The share of its budget that the dearest quantity takes, infinity where one has no figure.

    A share above 1 decides, whatever else is not known.
    """
    shares = [_share(budget, cost_of(known, budget.label, point)) for budget in budgets]
    certain = [share for share in shares if share is not None]
    return max(certain) if None not in shares or max(certain, default=0) > 1 else inf


def _share(budget: Budget, cost: Measurement | str | None) -> float | None:
    if cost is None:
        return None
    return cost.value / budget.limit if isinstance(cost, Measurement) and cost.samples else inf


def stand(climb: Climb, budgets: Sequence[Budget], known: Known) -> Stand:
    """How far `climb` comes; what limits it is the next value that was tried, or the ladder's end.

    Raises `ValueError` where nothing was tried.
    """
    ladder, tried = climb.ladder, sorted(climb.tried)
    shares = {value: utilisation(budgets, known, ladder.at(value)) for value in tried}
    fitting = [value for value in tried if shares[value] <= 1]
    if fitting:
        best = fitting[-1]
        above = [value for value in tried if value > best]
        limit = _need(ladder, above[0], budgets, known) if above else ladder.end
        near = [best, *above[:1]]
    else:
        best = next((value for value in tried if shares[value] < inf), tried[-1])
        limit, near = _need(ladder, best, budgets, known), [best]
    doubts = (_doubt(b, ladder, v, known) for v in near for b in budgets)
    return Stand(ladder.at(best), bool(fitting), limit, tuple(filter(None, doubts)))


def _need(ladder: Ladder, value: int, budgets: Iterable[Budget], known: Known) -> str:
    """What `value` needs of each budget that it breaks."""
    one, many = ITEMS[ladder.field]
    who = f"1 {one} needs" if value == 1 else f"{value:,} {many} need"
    needs = []
    for budget in budgets:
        cost = cost_of(known, budget.label, ladder.at(value))
        share = _share(budget, cost)
        if cost is None or share is None or share <= 1:
            continue
        if isinstance(cost, str):
            needs.append(cost)
        elif cost.status == "ok":
            needs.append(f"{budget.quantity}: {who} {_told_apart(cost, budget.limit)}")
        else:
            items = one if value == 1 else many
            needs.append(f"{value:,} {items}: {cost.status}, {cost.reason}")
    return "; ".join(dict.fromkeys(needs))


def _doubt(budget: Budget, ladder: Ladder, value: int, known: Known) -> str:
    """What makes it unsure whether `value` fits, "" where it is sure."""
    cost = cost_of(known, budget.label, ladder.at(value))
    if not isinstance(cost, Measurement) or len(cost.samples) < 2:
        return ""
    low, high = cost.interval
    if not low <= budget.limit <= high:
        return ""
    ends = " to ".join(amount(end, cost.unit) for end in (low, high))
    return f"{budget.quantity} of {value:,} {ITEMS[ladder.field][1]} is {ends}"


def _told_apart(cost: Measurement, limit: float) -> str:
    """A cost with as many digits as tell it from a limit."""
    texts = (
        (amount(cost.value, cost.unit, digits), amount(limit, cost.unit, digits))
        for digits in range(DIGITS, ALL_DIGITS + 1)
    )
    return next((text for text, limit_text in texts if text != limit_text), str(cost.value))


def amount(value: float, unit: str, digits: int = DIGITS) -> str:
    """A cost as people write it."""
    scales = {"bytes": BINARY, "seconds": SHORT_TIMES}.get(unit, PREFIXES)
    prefix, size = next(((p, s) for p, s in scales.items() if value >= s), list(scales.items())[-1])
    scaled = value / size
    number = f"{scaled:,.0f}" if scaled >= 10 ** (digits - 1) else f"{scaled:#.{digits}g}"
    return f"{number.rstrip('.')} {prefix}".rstrip()
