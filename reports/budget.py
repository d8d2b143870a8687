"""Networks within the costs of a TSN: the most frames of each that fit, and its best accuracy.

The costs are those of a clip, so only accuracies by one view count.
Only frame counts that are measured already are considered; `blvbench compare` measures others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.choice.accuracies import Accuracy, known_accuracies
from bench.choice.amounts import format_amount
from bench.choice.budget import Budget, Candidates, Trials
from bench.choice.comparison import CLAIMS
from bench.choice.costs import KnownCosts
from bench.choice.ranking import Choice, TradeOff, choose, cost_labels, rank
from bench.claims.verdicts import ClaimResult
from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Point, options_text
from reports.tables import EMPTY, Cell, Table, count_cell, format_giga, format_mega, format_mib
from suites import load_published

DATASET = "something-something-v2"
REFERENCE = Point(network="tsn", depth=50, frames=8)  # the reference of the paper's claim
TRAINED = REFERENCE.model_copy(update={"batch": 8, "mode": "train"})
BUDGETS = (
    ("macs:flop_counter", REFERENCE, "the MACs"),
    ("memory:simulated", TRAINED, "the training memory at batch 8"),
)
FIGURES = {
    "macs:flop_counter": ("MACs (G)", format_giga),
    "params:shapes": ("params (M)", format_mega),
    "memory:simulated": ("allocated (MiB)", format_mib),
}
NO_MORE = "longer clips are not measured"
NONE = Cell("none", 0)


@dataclass(frozen=True)
class BudgetTable:
    """The networks within one budget, ranked."""

    budget: Budget
    choices: tuple[Choice, ...]
    table: Table

    @property
    def labels(self) -> tuple[str, ...]:
        """The instruments whose costs are shown."""
        return cost_labels([self.budget])


def build_budgets(measurements: Sequence[Measurement]) -> tuple[BudgetTable, ...]:
    """A table for each measured cost of the reference."""
    known = KnownCosts(m for m in measurements if m.label in FIGURES and m.status == "ok")
    accuracies = select_accuracies(measurements)
    built = []
    for label, reference, text in BUDGETS:
        limit = known.figure(label, reference)
        if limit:
            budget = Budget(label, limit, f"{text} of {reference.network_label}")
            built.append(_build(budget, reference, known, accuracies))
    return tuple(built)


def select_accuracies(measurements: Iterable[Measurement]) -> list[Accuracy]:
    """The accuracies on Something-Something v2, published or evaluated here."""
    accuracies = known_accuracies(load_published(), measurements)
    return [a for a in accuracies if a.dataset == DATASET]


def build_claims(claims: Iterable[ClaimResult]) -> tuple[ClaimResult, ...]:
    """The claims about equal budgets."""
    return tuple(result for result in claims if result.claim.id in CLAIMS)


def _build(
    budget: Budget, reference: Point, known: KnownCosts, accuracies: Sequence[Accuracy]
) -> BudgetTable:
    climbs = _climbs(budget.label, reference, known)
    choices = rank(
        (choose(one, [budget], known, accuracies) for one in climbs), cost_labels([budget])
    )
    return BudgetTable(budget, tuple(choices), _table(budget, choices))


def _climbs(label: str, reference: Point, known: KnownCosts) -> list[Trials]:
    """The measured frame counts of each network, all other fields as in `reference`."""
    frames: dict[Point, list[int]] = {}
    for point in (m.point for m in known.measurements if m.label == label):
        fields = {name: getattr(point, name) for name in ("network", "depth", "options")}
        base = reference.model_copy(update=fields)
        if point == base.model_copy(update={"frames": point.frames}):
            frames.setdefault(base, []).append(point.frames)
    return [
        Trials(Candidates(base, "frames", tuple(sorted(own)), NO_MORE), tuple(own))
        for base, own in frames.items()
    ]


def _table(budget: Budget, choices: Sequence[Choice]) -> Table:
    labels = cost_labels([budget])
    notes: dict[str, int] = {}
    rows = tuple(
        _row(number, choice, labels, notes) for number, choice in enumerate(choices, start=1)
    )
    limit = format_amount(budget.limit, find_instrument(budget.label).unit)
    costs = (FIGURES[label][0] for label in labels)
    headings = (
        "rank",
        "network",
        "depth",
        "options",
        "frames",
        *costs,
        "SSv2 top-1 %, one view",
        "at frames",
        "source",
        "Pareto front",
        "limited by",
    )
    sources = "; ".join(f"[{number}] {source}" for source, number in notes.items())
    note = (f"Sources of the accuracies: {sources}.",) if notes else ()
    return Table(f"within {budget.text} ({limit})", headings, rows, note).compact(())


def _row(
    number: int, choice: Choice, labels: Sequence[str], notes: dict[str, int]
) -> tuple[Cell, ...]:
    base, fit, best = choice.base, choice.fit, choice.best
    frames = fit.point.frames if fit and choice.fits else 0
    return (
        count_cell(number),
        Cell(base.network),
        count_cell(base.depth),
        Cell(options_text(base.options)),
        count_cell(frames) if frames else NONE,
        *(_cost(choice, label) for label in labels),
        *(_accuracy(best, notes) if best else 4 * [EMPTY]),
        Cell(choice.limit),
    )


def _cost(choice: Choice, label: str) -> Cell:
    if not choice.fits or label not in choice.costs:
        return EMPTY
    value = choice.costs[label]
    return Cell(FIGURES[label][1](value), value)


def _accuracy(best: TradeOff, notes: dict[str, int]) -> tuple[Cell, ...]:
    found = best.accuracy
    number = notes.setdefault(found.source, len(notes) + 1)
    return (
        Cell(f"{found.top1:g}", found.top1),
        count_cell(found.frames),
        Cell(f"{found.kind} [{number}]"),
        Cell(", ".join(label.partition(":")[0] for label in best.fronts)),
    )
