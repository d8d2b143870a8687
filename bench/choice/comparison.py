"""A comparison of networks at budgets: what is searched and measured for it, and what comes out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.choice.accuracies import Accuracy
from bench.choice.budget import Budget, Candidates, Trials, find_fit
from bench.choice.candidates import frame_candidates
from bench.choice.ledger import Ledger, measure_in_turn, search_candidates
from bench.choice.max_batch import LARGEST
from bench.choice.ranking import ALWAYS, Choice, choose, on_front, rank, shown_labels
from bench.claims.verdicts import ClaimResult, judge, points_of
from bench.errors import BenchError
from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Point
from suites import Claim

CLAIMS = ("deeper-longer-macs", "deeper-longer-memory")  # what the paper says of equal budgets


@dataclass(frozen=True)
class BudgetRequest:
    """A budget that was asked for: a `limit`, or the cost of the network at a point.

    `text` is how it was asked.
    """

    label: str
    text: str
    limit: float | Point
    machine: str = ""


@dataclass(frozen=True)
class Request:
    """What to compare: networks, of which the frames are of no account, at budgets.

    `frames` is None to find the most, up to `max_frames`; `largest_batch` asks for the most clips
    at these frames. `recorded` are latencies of another machine, None to measure them here.
    """

    bases: tuple[Point, ...]
    budgets: tuple[BudgetRequest, ...]
    accuracies: tuple[Accuracy, ...]
    max_frames: int
    frames: int | None
    largest_batch: bool
    recorded: tuple[Measurement, ...] | None


@dataclass(frozen=True)
class Comparison:
    """What came out: the budgets with their limits, the choices ranked, and claims judged."""

    budgets: tuple[Budget, ...]
    choices: tuple[Choice, ...]
    claims: tuple[ClaimResult, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The instruments whose costs are shown."""
        return shown_labels(self.budgets)

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON types."""
        fronts = {label: on_front(self.choices, label) for label in self.labels}
        return {
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
            "claims": [claim.as_json() for claim in self.claims],
        }


def compare(request: Request, ledger: Ledger, claims: Iterable[Claim]) -> Comparison:
    """Search, measure and choose. Raises `BenchError` and `NetworkError` for what cannot be."""
    ladders = _ladders(request)
    budgets = [_budget(wanted, ledger) for wanted in request.budgets]
    climbs = search_candidates(ladders, budgets, ledger)
    batches = _batches(climbs, budgets, ledger) if request.largest_batch else {}
    judged = [c for c in claims if c.id in CLAIMS and c.label in {b.label for b in budgets}]
    ledger.measure((claim.label, point) for claim in judged for point in points_of(claim))
    _measure_shown(climbs, batches, budgets, request.accuracies, ledger)
    choices = [
        choose(one, budgets, ledger.known, request.accuracies, batches.get(one.candidates.base))
        for one in climbs
    ]
    ranked = rank(choices, shown_labels(budgets))
    return Comparison(
        tuple(budgets), tuple(ranked), tuple(judge(judged, ledger.known.measurements))
    )


def latencies_of(measurements: Iterable[Measurement], name: str) -> list[Measurement]:
    """The latencies of the one machine whose name is `name` or has it as a part.

    Raises `BenchError` with the known names where that is none, or several.
    """
    timed = [m for m in measurements if m.quantity == "latency"]
    known = sorted({m.machine for m in timed})
    if not known:
        raise BenchError(
            "no latency of another machine is recorded: 'blvbench import' records what "
            "'blvbench run gpu' or 'blvbench run latency' measured there"
        )
    matching = [m for m in known if name == m] or [m for m in known if name.lower() in m.lower()]
    if len(matching) != 1:
        many = "several machines" if matching else "no machine"
        raise BenchError(f"--machine {name!r} names {many}: choose one of {'; '.join(known)}")
    return [m for m in timed if m.machine == matching[0]]


def _ladders(request: Request) -> list[Candidates]:
    make = partial(frame_candidates, max_frames=request.max_frames, only=request.frames)
    if request.recorded is None:
        return [make(base) for base in request.bases]
    return [make(base, recorded=_recorded(request.recorded, base)) for base in request.bases]


def _recorded(recorded: Iterable[Measurement], base: Point) -> set[int]:
    """The frames that there is a figure of."""
    points = ((m.point, find_instrument(m.label).canonical(base)) for m in recorded)
    return {
        point.frames
        for point, own in points
        if point == own.model_copy(update={"frames": point.frames})
    }


def _budget(wanted: BudgetRequest, ledger: Ledger) -> Budget:
    limit = wanted.limit
    value = ledger.value(wanted.label, limit) if isinstance(limit, Point) else limit
    if not value:
        raise BenchError(f"{wanted.text} costs nothing by {wanted.label}: give a limit in figures")
    return Budget(wanted.label, value, wanted.text, wanted.machine)


def _batches(
    climbs: Iterable[Trials], budgets: Sequence[Budget], ledger: Ledger
) -> dict[Point, Trials]:
    """The climbs over batches, at the frames that fit, by the base of the network's frames."""
    fitting = {
        one.candidates.base: reached.point
        for one in climbs
        if one.tried and (reached := find_fit(one, budgets, ledger.known)).fits
    }
    ladders = [
        Candidates(point, "batch", range(1, LARGEST + 1), f"a batch of {LARGEST:,}")
        for point in fitting.values()
    ]
    return dict(zip(fitting, search_candidates(ladders, budgets, ledger), strict=True))


def _measure_shown(
    climbs: Iterable[Trials],
    batches: dict[Point, Trials],
    budgets: Sequence[Budget],
    accuracies: Sequence[Accuracy],
    ledger: Ledger,
) -> None:
    """Measure what is shown beside what the search tried: what else points cost, and accuracies."""
    reached, scored = [], []
    for one in climbs:
        if not one.tried:
            continue
        found = find_fit(one, budgets, ledger.known)
        reached.append(found.point)
        ladder, most = one.candidates, found.point.frames if found.fits else 0
        scored += [
            ladder.at(a.frames)
            for a in accuracies
            if a.is_of(ladder.base) and a.frames in ladder.values and a.frames <= most
        ]
    ledger.measure((label, point) for label in ALWAYS for point in (*reached, *scored))
    measure_in_turn(scored, budgets, ledger)
