"""Ranking of networks within budgets: by known accuracy, with Pareto fronts.

Everything here is a function of trials, known costs, budgets and accuracies.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.choice.accuracies import Accuracy
from bench.choice.budget import Budget, Fit, Trials, find_fit, utilisation
from bench.choice.costs import KnownCosts
from bench.records.catalogue import find_instrument
from bench.records.point import Point

ALWAYS_SHOWN = ("macs:flop_counter", "params:shapes")  # costs that every comparison shows
Costs = Mapping[str, float]  # by instrument, in its unit


@dataclass(frozen=True)
class Scored:
    """An accuracy within the budgets, with the costs of its point.

    `fronts` are the instruments on whose Pareto front it is: no other accuracy within the budgets
    is as good at a lower cost.
    """

    accuracy: Accuracy
    point: Point
    costs: Costs
    fronts: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The accuracy, its costs and its fronts as JSON types."""
        return {
            **self.accuracy.as_json(),
            "costs": _costs_json(self.costs),
            "pareto": list(self.fronts),
        }


@dataclass(frozen=True)
class Choice:
    """The result for one network: the largest point that fits, or the smallest that does not.

    `costs` are those of that point. If there is no point at all, `fit` is None and `refused` says
    why. `scored` are the accuracies within the budgets, the best first.
    """

    base: Point
    fit: Fit | None
    costs: Costs
    scored: tuple[Scored, ...]
    limit: str
    refused: str = ""

    @property
    def fits(self) -> bool:
        """Whether a point of the network is within the budgets."""
        return self.fit is not None and self.fit.fits

    @property
    def best(self) -> Scored | None:
        """The best known accuracy within the budgets, if there is one."""
        return self.scored[0] if self.scored else None

    def as_json(self) -> dict[str, Any]:
        """The choice as JSON types. A refused one has no frames, batch and costs."""
        network = self.base.model_dump(mode="json", include={"network", "depth", "options"})
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
            "accuracies": [one.as_json() for one in self.scored],
        }


def choose(
    frames: Trials,
    budgets: Sequence[Budget],
    known: KnownCosts,
    accuracies: Iterable[Accuracy],
    batches: Trials | None = None,
) -> Choice:
    """The choice of one network from trials of frames and, at the frames that fit, of batches.

    An accuracy counts if its frames were measured to fit.
    """
    base = frames.candidates.base
    if not frames.tried:
        return Choice(base, None, {}, (), "", frames.candidates.end)
    fit = find_fit(frames, budgets, known)
    limit = fit.limit
    if batches is not None and fit.fits:
        in_batches = find_fit(batches, budgets, known)
        limit = f"{limit}; {in_batches.limit}"
        fit = replace(in_batches, doubts=(*fit.doubts, *in_batches.doubts))
    labels = shown_labels(budgets)
    scored = [
        Scored(accuracy, point, _costs(known, labels, point))
        for accuracy in accuracies
        if accuracy.is_of(base) and accuracy.frames in frames.candidates.values
        for point in [frames.candidates.at(accuracy.frames)]
        if utilisation(budgets, known, point) <= 1
    ]
    scored.sort(key=lambda s: (-s.accuracy.top1, s.point.frames, s.accuracy.source))
    return Choice(base, fit, _costs(known, labels, fit.point), tuple(scored), limit)


def rank(choices: Iterable[Choice], labels: Sequence[str]) -> list[Choice]:
    """Rank by best known accuracy; without one, by more frames and then more layers.

    Choices that do not fit come last. Each accuracy is marked with the Pareto fronts that it is on,
    for the costs of `labels`.
    """
    ordered = sorted(choices, key=_rank_key)
    every = [scored for choice in ordered for scored in choice.scored]
    fronts = {label: _front(every, label) for label in labels}
    return [
        replace(choice, scored=tuple(_marked(scored, fronts) for scored in choice.scored))
        for choice in ordered
    ]


def shown_labels(budgets: Iterable[Budget]) -> tuple[str, ...]:
    """The instruments whose costs are shown: MACs, parameters and those with a budget."""
    return tuple(dict.fromkeys([*ALWAYS_SHOWN, *(budget.label for budget in budgets)]))


def on_front(choices: Iterable[Choice], label: str) -> list[Scored]:
    """The accuracies on the Pareto front of a cost, the cheapest first."""
    every = (scored for choice in choices for scored in choice.scored if label in scored.fronts)
    return sorted(every, key=lambda s: (s.costs[label], s.point.sort_key))


def _rank_key(choice: Choice) -> tuple[Any, ...]:
    top1 = choice.best.accuracy.top1 if choice.best else -1.0
    frames = choice.fit.point.frames if choice.fits and choice.fit else 0
    order = (choice.fit is None, not choice.fits, -top1, -frames)
    return (*order, -(choice.base.depth or 0), choice.base.sort_key)


def _front(scored: Sequence[Scored], label: str) -> list[Scored]:
    """Those for which no other is as accurate and as cheap, and better in one of the two."""
    options = [(s, s.accuracy.top1, s.costs[label]) for s in scored if label in s.costs]
    return [
        one
        for one, top1, cost in options
        if not any(
            other_top1 >= top1 and other <= cost and (other_top1, other) != (top1, cost)
            for _, other_top1, other in options
        )
    ]


def _marked(scored: Scored, fronts: Mapping[str, Sequence[Scored]]) -> Scored:
    fronts_of = tuple(label for label, front in fronts.items() if scored in front)
    return replace(scored, fronts=fronts_of)


def _costs(known: KnownCosts, labels: Iterable[str], point: Point) -> Costs:
    figures = {label: known.figure(label, point) for label in labels}
    return {label: figure for label, figure in figures.items() if figure is not None}


def _costs_json(costs: Costs) -> dict[str, Any]:
    return {
        label: {"value": value, "unit": find_instrument(label).unit}
        for label, value in costs.items()
    }
