"""A comparison of networks at budgets: it searches, measures, chooses and ranks."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.choice.accuracies import UNKNOWN, Accuracy
from bench.choice.budget import Budget, Candidates, Per, Trials, find_fit
from bench.choice.candidates import batch_candidates, frame_candidates
from bench.choice.ledger import Ledger, measure_counts_then_times, search_candidates
from bench.choice.not_built import as_json, is_within
from bench.choice.ranking import (
    MEMORY,
    STANDARD_COSTS,
    Choice,
    TradeOff,
    choose,
    compared_per,
    cost_labels,
    memory_points,
    pareto_front,
    rank,
    select_comparable,
)
from bench.claims.verdicts import ClaimResult, judge, points_of
from bench.errors import BenchError
from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Point
from suites import Claim, PrintedNetwork

CLAIMS = ("deeper-longer-macs", "deeper-longer-memory")  # the paper's claims on equal budgets


@dataclass(frozen=True)
class BudgetRequest:
    """A requested budget: a `limit`, or the cost of a point as the limit.

    `text` is the budget as the user wrote it.
    """

    label: str
    text: str
    limit: float | Point
    machine: str = ""
    per: Per = "clip"


@dataclass(frozen=True)
class Request:
    """What to compare: the networks of `bases`, whose frames do not matter, at budgets.

    `frames` None searches the most frames that fit, up to `max_frames`. `search_batch` searches the
    largest batch at these frames too. `recorded` are latencies of another machine; None measures
    here. `left_out` are known accuracies of weights with another pretraining than asked for,
    `not_built` networks of which only printed figures are known.
    """

    bases: tuple[Point, ...]
    budgets: tuple[BudgetRequest, ...]
    accuracies: tuple[Accuracy, ...]
    max_frames: int
    frames: int | None
    search_batch: bool
    recorded: tuple[Measurement, ...] | None
    left_out: tuple[Accuracy, ...] = ()
    not_built: tuple[PrintedNetwork, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """The result: budgets with their limits, ranked choices, and judged claims.

    `not_compared` are accuracies of these networks that are not ranked: their protocol is not
    known, or clips are compared and they are by several views or at another size. `left_out` are
    those of weights with another pretraining than asked for. `not_built` are networks without a
    rank that may be within the budgets by their printed figures; all, where no others are known.
    """

    budgets: tuple[Budget, ...]
    choices: tuple[Choice, ...]
    claims: tuple[ClaimResult, ...]
    not_compared: tuple[Accuracy, ...]
    left_out: tuple[Accuracy, ...] = ()
    not_built: tuple[PrintedNetwork, ...] = ()

    @property
    def ranked(self) -> tuple[Choice, ...]:
        """The choices with a figure, in their order; all others come after them."""
        return tuple(choice for choice in self.choices if choice.fit)

    @property
    def refusals(self) -> list[str]:
        """Why networks have no figure, one line a reason, each with the names of the networks."""
        by_reason: dict[str, list[Point]] = {}
        for choice in self.choices:
            if not choice.fit:
                by_reason.setdefault(choice.refused, []).append(choice.base)
        return [
            reason
            if reason.startswith(bases[0].network)
            else f"{', '.join(base.variant_label for base in bases)}: {reason}"
            for reason, bases in by_reason.items()
        ]

    @property
    def trade_offs(self) -> list[TradeOff]:
        """The accuracies within the budgets, of all networks."""
        return [trade_off for choice in self.choices for trade_off in choice.trade_offs]

    @property
    def left_out_by_pretraining(self) -> dict[str, int]:
        """The number of accuracies that are left out, by their pretraining."""
        return Counter(one.pretraining or UNKNOWN for one in self.left_out)

    @property
    def per(self) -> Per:
        """What the accuracies are compared by: their cost per clip, or per video."""
        return compared_per(self.budgets)

    @property
    def labels(self) -> tuple[str, ...]:
        """The instruments of the costs in the comparison."""
        return cost_labels(self.budgets)

    def as_json(self) -> dict[str, Any]:
        """The result as JSON types."""
        fronts = {label: pareto_front(self.choices, label) for label in self.labels}
        return {
            "per": self.per,
            "budgets": [budget.as_json() for budget in self.budgets],
            "choices": [
                {"rank": number, **choice.as_json()}
                for number, choice in enumerate(self.choices, start=1)
            ],
            "pareto": {
                label: [
                    {"point": one.point.model_dump(mode="json"), **one.as_json()} for one in front
                ]
                for label, front in fronts.items()
            },
            "not_compared": [
                {"network": one.network, "depth": one.depth, **one.as_json()}
                for one in self.not_compared
            ],
            "left_out": self.left_out_by_pretraining,
            "not_built": [as_json(one, self.trade_offs, self.budgets) for one in self.not_built],
            "claims": [claim.as_json() for claim in self.claims],
        }


def compare(request: Request, ledger: Ledger, claims: Iterable[Claim]) -> Comparison:
    """Search, measure and choose. Raises `BenchError` or `NetworkError` for an invalid request."""
    candidates = _candidates(request)
    budgets = [_budget(one, ledger) for one in request.budgets]
    trials = search_candidates(candidates, budgets, ledger)
    batches = _batches(trials, budgets, ledger) if request.search_batch else {}
    relevant = [c for c in claims if c.id in CLAIMS and c.label in {b.label for b in budgets}]
    ledger.measure((claim.label, point) for claim in relevant for point in points_of(claim))
    _measure_remaining(trials, budgets, request.accuracies, ledger)
    choices = [
        choose(one, budgets, ledger.known, request.accuracies, batches.get(one.candidates.base))
        for one in trials
    ]
    ranked = rank(choices, cost_labels(budgets))
    results = judge(relevant, ledger.known.measurements)
    names = {one.base.network for one in candidates}
    return Comparison(
        tuple(budgets),
        tuple(ranked),
        tuple(results),
        _not_compared(candidates, request.accuracies, compared_per(budgets)),
        tuple(one for one in request.left_out if one.network in names),
        tuple(n for n in request.not_built if not request.accuracies or is_within(n, budgets)),
    )


def select_latencies(measurements: Iterable[Measurement], name: str) -> list[Measurement]:
    """The latencies of the machine whose name is or contains `name`.

    Raises `BenchError` with the known names if there is no such machine, or several.
    """
    timed = [m for m in measurements if m.quantity == "latency"]
    known = sorted({m.platform for m in timed})
    if not known:
        raise BenchError(
            "no latency of another machine is recorded: run 'blvbench run gpu' or 'blvbench run "
            "latency' there, and 'blvbench import' here"
        )
    matching = [m for m in known if name == m] or [m for m in known if name.lower() in m.lower()]
    if len(matching) != 1:
        problem = "matches several machines" if matching else "matches no machine"
        raise BenchError(f"--machine {name!r} {problem}: choose one of {'; '.join(known)}")
    return [m for m in timed if m.platform == matching[0]]


def _candidates(request: Request) -> list[Candidates]:
    make_candidates = partial(frame_candidates, max_frames=request.max_frames, only=request.frames)
    if request.recorded is None:
        return [make_candidates(base) for base in request.bases]
    return [
        make_candidates(base, recorded=_frames_of(request.recorded, base)) for base in request.bases
    ]


def _frames_of(recorded: Iterable[Measurement], base: Point) -> set[int]:
    """The numbers of frames with a recorded figure."""
    points = ((m.point, find_instrument(m.label).canonical(base)) for m in recorded)
    return {
        point.frames
        for point, own in points
        if point == own.model_copy(update={"frames": point.frames})
    }


def _budget(requested: BudgetRequest, ledger: Ledger) -> Budget:
    limit = requested.limit
    value = ledger.value(requested.label, limit) if isinstance(limit, Point) else limit
    if not value:
        raise BenchError(f"{requested.text} has {requested.label} 0: give the limit as a number")
    return Budget(requested.label, value, requested.text, requested.machine, requested.per)


def _not_compared(
    candidates: Sequence[Candidates], accuracies: Sequence[Accuracy], per: Per
) -> tuple[Accuracy, ...]:
    compared = {a for one in candidates for a, _ in select_comparable(accuracies, one, per)}
    return tuple(
        a
        for a in accuracies
        if a not in compared
        and any(a.is_of(one.base) and a.frames in one.values for one in candidates)
    )


def _batches(
    trials: Iterable[Trials], budgets: Sequence[Budget], ledger: Ledger
) -> dict[Point, Trials]:
    """The trials of batches at the frames that fit, by the base of the network."""
    fitting = {
        one.candidates.base: fit.point
        for one in trials
        if one.tried and (fit := find_fit(one, budgets, ledger.known)).fits
    }
    candidates = [batch_candidates(point) for point in fitting.values()]
    return dict(zip(fitting, search_candidates(candidates, budgets, ledger), strict=True))


def _measure_remaining(
    trials: Iterable[Trials],
    budgets: Sequence[Budget],
    accuracies: Sequence[Accuracy],
    ledger: Ledger,
) -> None:
    """Measure the costs in the comparison that the search did not need."""
    fits, with_accuracy = [], []
    for one in trials:
        if not one.tried:
            continue
        fit = find_fit(one, budgets, ledger.known)
        fits.append(fit.point)
        most = fit.point.frames if fit.fits else 0
        with_accuracy += [
            a.point(one.candidates.base)
            for a, _ in select_comparable(accuracies, one.candidates, compared_per(budgets))
            if a.frames <= most
        ]
    ledger.measure((label, point) for label in STANDARD_COSTS for point in (*fits, *with_accuracy))
    measure_counts_then_times(with_accuracy, budgets, ledger)
    if any(budget.label == MEMORY for budget in budgets):
        steps = (step for point in with_accuracy for step in memory_points(point).values())
        ledger.measure((MEMORY, step) for step in steps)
