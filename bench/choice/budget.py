"""The largest candidate that fits a budget, and what limits it.

Everything here is a function of costs that are known. Nothing is measured.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

from bench.choice.amounts import format_amount, format_apart
from bench.choice.costs import KnownCosts, Refusal
from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Point
from bench.wording import count_text

Per = Literal["clip", "video"]
ITEMS = {"frames": "frame", "batch": "clip"}


@dataclass(frozen=True)
class Budget:
    """The most that a quantity may cost, by one instrument and in its unit.

    `text` is the budget as the user wrote it. `machine` is the one whose recorded figures count; ""
    where figures are measured here or depend on no machine. A budget `per` video charges every view
    of a test.
    """

    label: str
    limit: float
    text: str
    machine: str = ""
    per: Per = "clip"

    @property
    def quantity(self) -> str:
        """The quantity that is limited."""
        return self.label.partition(":")[0]

    def as_json(self) -> dict[str, Any]:
        """The budget as JSON types."""
        return {
            "instrument": self.label,
            "limit": self.limit,
            "unit": find_instrument(self.label).unit,
            "asked": self.text,
            "machine": self.machine,
            "per": self.per,
        }


@dataclass(frozen=True)
class Candidates:
    """Points of one network that differ in one `field` only, by its `values`, the smallest first.

    `end` says why there are no larger values, or why there are no values at all. The smallest
    points may not run; all points from position `sure` on do, counted from 1. `rising`: a larger
    value is known to cost no less.
    """

    base: Point
    field: Literal["frames", "batch"]
    values: Sequence[int]
    end: str
    sure: int = 1
    rising: bool = True

    def at(self, value: int) -> Point:
        """The point with this number of frames or clips."""
        return self.base.model_copy(update={self.field: value})


@dataclass(frozen=True)
class Trials:
    """Candidates, and the values that were measured: all of them, or those that a search tried."""

    candidates: Candidates
    tried: Collection[int]


@dataclass(frozen=True)
class Fit:
    """The result of a search: the largest `point` that fits (`fits`), or the smallest that runs.

    `limit` says why no larger point fits. `doubts` say where a measurement's interval leaves it
    open whether a point fits. `notes` say what the search assumed of costs that may fall, and which
    values fit where they do fall.
    """

    point: Point
    fits: bool
    limit: str
    doubts: tuple[str, ...]
    notes: tuple[str, ...] = ()


def utilisation(
    budgets: Iterable[Budget], known: KnownCosts, point: Point, views: int = 1
) -> float:
    """The largest share of its budget that any quantity takes; infinity where one has no figure.

    Of a budget per video, `point` takes its share for each of `views`. A share above 1 decides,
    even where another cost is not known.
    """
    shares = [_share(budget, known.find(budget.label, point), views) for budget in budgets]
    certain = [share for share in shares if share is not None]
    return max(certain) if None not in shares or max(certain, default=0) > 1 else inf


def _share(budget: Budget, cost: Measurement | Refusal | None, views: int = 1) -> float | None:
    if cost is None:
        return None
    if not (isinstance(cost, Measurement) and cost.samples):
        return inf
    return cost.value * (views if budget.per == "video" else 1) / budget.limit


def is_priced(trials: Trials, budgets: Iterable[Budget], known: KnownCosts) -> bool:
    """Whether any cost with a budget has a figure at any candidate that was tried."""
    points = [trials.candidates.at(value) for value in trials.tried]
    return any(known.figure(b.label, point) is not None for b in budgets for point in points)


def find_fit(trials: Trials, budgets: Sequence[Budget], known: KnownCosts) -> Fit:
    """The largest candidate within all budgets, of those that were tried.

    Its limit is the next larger one that was tried, or the end of the candidates. Raises
    `ValueError` where nothing was tried.
    """
    candidates, tried = trials.candidates, sorted(trials.tried)
    shares = {value: utilisation(budgets, known, candidates.at(value)) for value in tried}
    fitting = [value for value in tried if shares[value] <= 1]
    if fitting:
        best = fitting[-1]
        above = [value for value in tried if value > best]
        limit = _excess(candidates, above[0], budgets, known) if above else candidates.end
        near = [best, *above[:1]]
    else:
        best = next((value for value in tried if shares[value] < inf), tried[-1])
        limit, near = _excess(candidates, best, budgets, known), [best]
    doubts = (_doubt(b, candidates, v, known) for v in near for b in budgets)
    notes = _notes(trials, fitting)
    return Fit(candidates.at(best), bool(fitting), limit, tuple(filter(None, doubts)), notes)


def _notes(trials: Trials, fitting: Sequence[int]) -> tuple[str, ...]:
    """What is not usual about the values that fit; both numbers are sorted."""
    candidates, tried = trials.candidates, sorted(trials.tried)
    item = ITEMS[candidates.field]
    if not candidates.rising and len(tried) < len(candidates.values):
        listed = ", ".join(map(str, tried))
        assumption = f"searched, on the assumption that more {item}s cost no less"
        return (f"{assumption}; numbers of {item}s tried: {listed}",)
    if fitting and fitting != tried[: len(fitting)] and not candidates.rising:
        listed = ", ".join(map(str, fitting))
        numbers = f"{len(tried)} numbers of {item}s"
        return (f"costs fall as {item}s are added: of {numbers}, these fit: {listed}",)
    return ()


def _excess(
    candidates: Candidates, value: int, budgets: Iterable[Budget], known: KnownCosts
) -> str:
    """What `value` needs of each budget that it exceeds."""
    items = count_text(value, ITEMS[candidates.field])
    needs = []
    for budget in budgets:
        cost = known.find(budget.label, candidates.at(value))
        share = _share(budget, cost)
        if cost is None or share is None or share <= 1:
            continue
        if isinstance(cost, Refusal) or cost.status == "unsupported":
            needs.append(cost.reason)
        elif cost.status == "ok":
            amount = format_apart(cost.value, budget.limit, cost.unit)
            needs.append(f"{budget.quantity}: {items} need{'s' if value == 1 else ''} {amount}")
        else:
            needs.append(f"{items}: {cost.status}, {cost.reason}")
    return "; ".join(dict.fromkeys(needs))


def _doubt(budget: Budget, candidates: Candidates, value: int, known: KnownCosts) -> str:
    """Why it is not sure whether `value` fits; "" where it is sure."""
    cost = known.find(budget.label, candidates.at(value))
    if not isinstance(cost, Measurement) or len(cost.samples) < 2:
        return ""
    low, high = cost.interval
    if not low <= budget.limit <= high:
        return ""
    ends = " to ".join(format_amount(end, cost.unit) for end in (low, high))
    return f"{budget.quantity} of {count_text(value, ITEMS[candidates.field])} is {ends}"
