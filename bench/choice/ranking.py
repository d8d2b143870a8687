"""Ranking of networks within budgets: by known accuracy, with Pareto fronts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Any, get_args

from bench.choice.accuracies import Accuracy
from bench.choice.budget import (
    Budget,
    Candidates,
    Fit,
    Per,
    Trials,
    find_fit,
    is_priced,
    utilisation,
)
from bench.choice.costs import KnownCosts
from bench.choice.pareto import Figures, find_front
from bench.records.catalogue import find_instrument
from bench.records.point import Point
from suites import Protocol
from suites.fields import Mode

MACS = "macs:flop_counter"
STANDARD_COSTS = (MACS, "params:shapes")  # costs that every comparison shows
MEMORY = "memory:simulated"
Costs = Mapping[str, float]  # by instrument, in its unit
Memory = Mapping[Mode, float]  # simulated peaks in bytes: to train, and to infer


@dataclass(frozen=True)
class TradeOff:
    """An accuracy within the budgets, and the costs of its point.

    `costs` are those of a clip at the size of the test, `charged` those that are compared: the
    same, but with the MACs of all views per video. `memory` has the simulated peaks of the step at
    the batch of the comparison, as far as they are known. `fronts` are the instruments on whose
    Pareto front it is.
    """

    accuracy: Accuracy
    point: Point
    costs: Costs
    charged: Costs
    memory: Memory
    fronts: tuple[str, ...] = ()

    @property
    def video_macs(self) -> float | None:
        """The MACs of all views of a video; None where those of a clip are not known."""
        macs, protocol = self.costs.get(MACS), self.accuracy.protocol
        return None if macs is None or protocol is None else macs * protocol.views

    def figures(self, label: str) -> Figures | None:
        """What its place on the front of `label` depends on; None where its cost is not known."""
        cost = self.charged.get(label)
        return None if cost is None else Figures(cost, self.accuracy.top1)

    def as_json(self) -> dict[str, Any]:
        """The accuracy, its costs and its fronts as JSON types."""
        return {
            **self.accuracy.as_json(),
            "costs": _costs_json(self.costs),
            "macs_per_video": self.video_macs,
            "memory_bytes": dict(self.memory),
            "pareto": list(self.fronts),
        }


@dataclass(frozen=True)
class Choice:
    """The result for one network: the largest point that fits, or the smallest that does not.

    `costs` are those of that point. If there is no point at all, or none with a figure, `fit` is
    None and `refused` says why. `trade_offs` are sorted by accuracy, the best first.
    """

    base: Point
    fit: Fit | None
    costs: Costs
    trade_offs: tuple[TradeOff, ...]
    limit: str
    refused: str = ""

    @property
    def fits(self) -> bool:
        """Whether a point of the network is within the budgets."""
        return self.fit is not None and self.fit.fits

    @property
    def best(self) -> TradeOff | None:
        """The trade-off with the best accuracy, if there is one."""
        return self.trade_offs[0] if self.trade_offs else None

    def as_json(self) -> dict[str, Any]:
        """The choice as JSON types. A refused one has no frames, batch and costs."""
        network = self.base.model_dump(
            mode="json", include={"network", "depth", "options", "input_size"}
        )
        if self.fit is None:
            return {**network, "status": "refused", "reason": self.refused}
        return {
            **network,
            "status": "fits" if self.fits else "does_not_fit",
            "frames": self.fit.point.frames,
            "batch": self.fit.point.batch,
            "costs": _costs_json(self.costs),
            "limited_by": self.limit,
            "doubts": list(self.fit.doubts),
            "notes": list(self.fit.notes),
            "accuracies": [one.as_json() for one in self.trade_offs],
        }


def choose(
    frames: Trials,
    budgets: Sequence[Budget],
    known: KnownCosts,
    accuracies: Iterable[Accuracy],
    batches: Trials | None = None,
) -> Choice:
    """Choose frames for one network from its trials; with `batches`, choose the batch as well.

    An accuracy counts if its costs are known to fit: per clip, those by one view at the size of the
    compared clips; with a budget per video, those of all its views. One whose protocol is not known
    never counts. `batches` are trials at the most frames that fit.
    """
    base = frames.candidates.base
    if not frames.tried:
        return Choice(base, None, {}, (), "", frames.candidates.end)
    fit = find_fit(frames, budgets, known)
    limit = fit.limit
    if batches is not None and fit.fits:
        in_batches = find_fit(batches, budgets, known)
        limit = f"{limit}; {in_batches.limit}"
        fit = replace(in_batches, doubts=(*fit.doubts, *in_batches.doubts), notes=fit.notes)
    labels = cost_labels(budgets)
    per = compared_per(budgets)
    trade_offs = [
        TradeOff(a, point, costs, _charge(costs, protocol.views, per), _memory(known, point))
        for a, protocol in select_comparable(accuracies, frames.candidates, per)
        for point in [a.point(base)]
        if utilisation(budgets, known, point, protocol.views) <= 1
        for costs in [_costs(known, labels, point)]
    ]
    if not trade_offs and not is_priced(frames, budgets, known):
        return Choice(base, None, {}, (), "", fit.limit)
    trade_offs.sort(key=lambda t: (*_merit(t), t.point.frames, t.accuracy.source))
    return Choice(base, fit, _costs(known, labels, fit.point), tuple(trade_offs), limit)


def compared_per(budgets: Iterable[Budget]) -> Per:
    """What is compared: videos if a budget is per video, else clips."""
    return "video" if any(budget.per == "video" for budget in budgets) else "clip"


def select_comparable(
    accuracies: Iterable[Accuracy], candidates: Candidates, per: Per
) -> Iterator[tuple[Accuracy, Protocol]]:
    """The accuracies of a network that can be compared, with their protocols."""
    base = candidates.base
    for accuracy in accuracies:
        protocol = accuracy.protocol
        if protocol is None or not accuracy.is_of(base) or accuracy.frames not in candidates.values:
            continue
        if per == "video" or (protocol.views, protocol.size) == (1, base.input_size):
            yield accuracy, protocol


def rank(choices: Iterable[Choice], labels: Sequence[str]) -> list[Choice]:
    """Rank choices by their best accuracy; of equal ones, the cheapest comes first.

    Without an accuracy, they are ranked by more frames and then more layers. Choices that do not
    fit come last. The trade-offs of the result have their Pareto fronts for the costs of `labels`.
    """
    ordered = sorted(choices, key=_rank_key)
    trade_offs = [trade_off for choice in ordered for trade_off in choice.trade_offs]
    fronts = {
        label: find_front(trade_offs, partial(TradeOff.figures, label=label)) for label in labels
    }
    return [
        replace(choice, trade_offs=tuple(_with_fronts(t, fronts) for t in choice.trade_offs))
        for choice in ordered
    ]


def cost_labels(budgets: Iterable[Budget]) -> tuple[str, ...]:
    """The instruments of the costs in a comparison: MACs, parameters and those with a budget."""
    return tuple(dict.fromkeys([*STANDARD_COSTS, *(budget.label for budget in budgets)]))


def pareto_front(choices: Iterable[Choice], label: str) -> list[TradeOff]:
    """The trade-offs on the Pareto front of a cost, the cheapest first."""
    front = (t for choice in choices for t in choice.trade_offs if label in t.fronts)
    return sorted(front, key=lambda t: (t.charged[label], t.point.sort_key))


def _rank_key(choice: Choice) -> tuple[Any, ...]:
    merit = _merit(choice.best) if choice.best else (1.0, 0.0)
    frames = choice.fit.point.frames if choice.fits and choice.fit else 0
    order = (choice.fit is None, not choice.fits, *merit, -frames)
    return (*order, -(choice.base.depth or 0), choice.base.sort_key)


def _merit(trade_off: TradeOff) -> tuple[float, float]:
    """The smaller, the better: by accuracy, then by MACs."""
    return -trade_off.accuracy.top1, trade_off.charged.get(MACS, inf)


def _with_fronts(trade_off: TradeOff, fronts: Mapping[str, Sequence[TradeOff]]) -> TradeOff:
    labels = tuple(label for label, front in fronts.items() if trade_off in front)
    return replace(trade_off, fronts=labels)


def _charge(costs: Costs, views: int, per: Per) -> Costs:
    """The costs that are compared: per video, the MACs are those of all views."""
    if per == "clip" or MACS not in costs:
        return costs
    return {**costs, MACS: costs[MACS] * views}


def _costs(known: KnownCosts, labels: Iterable[str], point: Point) -> Costs:
    figures = {label: known.figure(label, point) for label in labels}
    return {label: figure for label, figure in figures.items() if figure is not None}


def memory_points(point: Point) -> dict[Mode, Point]:
    """The step of `point` that trains, and the one that infers."""
    return {mode: point.model_copy(update={"mode": mode}) for mode in get_args(Mode)}


def _memory(known: KnownCosts, point: Point) -> Memory:
    figures = {mode: known.figure(MEMORY, one) for mode, one in memory_points(point).items()}
    return {mode: figure for mode, figure in figures.items() if figure is not None}


def _costs_json(costs: Costs) -> dict[str, Any]:
    return {
        label: {"value": value, "unit": find_instrument(label).unit}
        for label, value in costs.items()
    }
