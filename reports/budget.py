"""Networks at equal budget: what a store holds of them within the costs of a TSN, and how accurate.

Of the frames that were measured: 'blvbench compare' measures those that just fit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.choice.accuracies import Accuracy, known_accuracies
from bench.choice.amounts import format_amount
from bench.choice.budget import Budget, Candidates, Trials
from bench.choice.comparison import CLAIMS
from bench.choice.costs import KnownCosts
from bench.choice.ranking import Choice, Scored, choose, rank, shown_labels
from bench.claims.verdicts import ClaimResult
from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Point, options_text
from reports.tables import NOTHING, Cell, Table, exact
from suites import load_published

DATASET = "something-something-v2"  # the paper's
REFERENCE = Point(network="tsn", depth=50, frames=8)  # what the paper's claim is held against
TRAINED = REFERENCE.model_copy(update={"batch": 8, "mode": "train"})
BUDGETS = (
    ("macs:flop_counter", REFERENCE, "the MACs"),
    ("memory:simulated", TRAINED, "the memory, to train on batches of 8,"),
)
FIGURES = {
    "macs:flop_counter": ("MACs (G)", lambda count: f"{count / 1e9:,.2f}"),
    "params:shapes": ("params (M)", lambda count: f"{count / 1e6:,.2f}"),
    "memory:simulated": ("peak (MiB)", lambda count: exact(count / 2**20)),
}
NO_MORE = "no more frames are measured"
NONE = Cell("none", 0)
MEASURED_BY = "blvbench compare --macs tsn:50:8 --store FILE"


@dataclass(frozen=True)
class BudgetTable:
    """The choices at one budget, ranked."""

    budget: Budget
    choices: tuple[Choice, ...]
    table: Table

    @property
    def labels(self) -> tuple[str, ...]:
        """The instruments whose costs are shown."""
        return shown_labels([self.budget])


def build_budgets(measurements: Sequence[Measurement]) -> tuple[BudgetTable, ...]:
    """A table for each cost of the reference that is measured."""
    found = [m for m in measurements if m.label in FIGURES and m.status == "ok"]
    known = KnownCosts(found)
    accuracies = accuracies_shown(measurements)
    built = []
    for label, reference, what in BUDGETS:
        limit = known.figure(label, reference)
        if limit:
            budget = Budget(label, limit, f"{what} of {reference.network_label}")
            built.append(_build(budget, reference, known, accuracies))
    return tuple(built)


def accuracies_shown(measurements: Iterable[Measurement]) -> list[Accuracy]:
    """Those on the data set that were published, or evaluated here."""
    every = known_accuracies(load_published(), measurements)
    return [a for a in every if a.dataset == DATASET]


def build_claims(claims: Iterable[ClaimResult]) -> tuple[ClaimResult, ...]:
    """Those about equal budgets."""
    return tuple(result for result in claims if result.claim.id in CLAIMS)


def _build(
    budget: Budget, reference: Point, known: KnownCosts, accuracies: Sequence[Accuracy]
) -> BudgetTable:
    climbs = _climbs(budget.label, reference, known)
    choices = rank(
        (choose(one, [budget], known, accuracies) for one in climbs), shown_labels([budget])
    )
    return BudgetTable(budget, tuple(choices), _table(budget, choices))


def _climbs(label: str, reference: Point, known: KnownCosts) -> list[Trials]:
    """The frames that were measured of each network, where all else is as in `reference`."""
    frames: dict[Point, list[int]] = {}
    for label_of, point in ((m.label, m.point) for m in known.measurements):
        base = reference.model_copy(
            update={name: getattr(point, name) for name in ("network", "depth", "options")}
        )
        is_alike = point == base.model_copy(update={"frames": point.frames})
        if label_of == label and is_alike:
            frames.setdefault(base, []).append(point.frames)
    return [
        Trials(Candidates(base, "frames", tuple(sorted(own)), NO_MORE), tuple(own))
        for base, own in frames.items()
    ]


def _table(budget: Budget, choices: Sequence[Choice]) -> Table:
    labels = shown_labels([budget])
    notes: dict[str, int] = {}
    rows = tuple(
        _row(place, choice, labels, notes) for place, choice in enumerate(choices, start=1)
    )
    limit = format_amount(budget.limit, find_instrument(budget.label).unit)
    costs = (FIGURES[label][0] for label in labels)
    headings = (
        *("rank", "network", "depth", "options", "frames", *costs),
        *("SSv2 top-1 %", "at frames", "from", "Pareto front", "limited by"),
    )
    sources = "; ".join(f"[{number}] {source}" for source, number in notes.items())
    said = (f"Accuracies: {sources}.",) if notes else ()
    return Table(f"within {budget.text} ({limit})", headings, rows, said).compact(())


def _row(
    place: int, choice: Choice, labels: Sequence[str], notes: dict[str, int]
) -> tuple[Cell, ...]:
    base, fit, best = choice.base, choice.fit, choice.best
    frames = fit.point.frames if fit and choice.fits else 0
    return (
        Cell(str(place), place),
        Cell(base.network),
        NOTHING if base.depth is None else Cell(str(base.depth), base.depth),
        Cell(options_text(base.options)),
        Cell(str(frames), frames) if frames else NONE,
        *(_cost(choice, label) for label in labels),
        *(_accuracy(best, notes) if best else 4 * [NOTHING]),
        Cell(choice.limit),
    )


def _cost(choice: Choice, label: str) -> Cell:
    if not choice.fits or label not in choice.costs:
        return NOTHING
    value = choice.costs[label]
    return Cell(FIGURES[label][1](value), value)


def _accuracy(best: Scored, notes: dict[str, int]) -> tuple[Cell, ...]:
    found = best.accuracy
    number = notes.setdefault(found.source, len(notes) + 1)
    return (
        Cell(f"{found.top1:g}", found.top1),
        Cell(str(found.frames), found.frames),
        Cell(f"{found.kind} [{number}]"),
        Cell(", ".join(label.partition(":")[0] for label in best.fronts)),
    )
