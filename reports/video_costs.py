"""What known accuracies cost: the MACs of all views of a video, and the memory to train.

A table for each data set. An accuracy whose protocol or MACs are not known is shown last, without a
place on a front.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bench.choice.accuracies import UNKNOWN, Accuracy, known_accuracies
from bench.choice.pareto import Figures, find_front
from bench.choice.ranking import MACS, MEMORY
from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.records.point import Point, options_text
from reports import places
from reports.budget import TRAINED
from reports.tables import EMPTY, Cell, Formatter, Table, count_cell, format_giga, format_mib
from suites import load_published

SETS = ("something-something-v1", "something-something-v2", "kinetics-400", "moments-in-time")
DATASETS = {name: places.DATASETS[name] for name in SETS}
HEADINGS = (
    "network",
    "depth",
    "options",
    "frames",
    "top-1 %",
    "pretrained on",
    "views",
    "MACs a clip (G)",
    "MACs a video (G)",
    f"memory to train at batch {TRAINED.batch} (MiB)",
    "Pareto front",
    "source",
)


@dataclass(frozen=True)
class PricedAccuracy:
    """An accuracy with what a clip at the size of its test costs, as far as it is known.

    `train_bytes` is the simulated peak of a training step on `TRAINED.batch` such clips.
    """

    accuracy: Accuracy
    clip_macs: float | None
    train_bytes: float | None

    @property
    def video_macs(self) -> float | None:
        """The MACs of all views of a video."""
        protocol = self.accuracy.protocol
        return self.clip_macs * protocol.views if protocol and self.clip_macs is not None else None


PricedSets = Mapping[str, Sequence[PricedAccuracy]]  # by the name of the data set


class Cost(NamedTuple):
    """A cost that networks are compared by, None where it is not known."""

    name: str
    of: Callable[[PricedAccuracy], float | None]

    def front(self, priced: Iterable[PricedAccuracy]) -> list[PricedAccuracy]:
        """The Pareto front of the accuracies whose cost is known, the cheapest first."""
        return find_front(priced, self._figures)

    def _figures(self, priced: PricedAccuracy) -> Figures | None:
        cost = self.of(priced)
        return None if cost is None else Figures(cost, priced.accuracy.top1)


VIDEO_MACS = Cost("MACs", lambda priced: priced.video_macs)
TRAIN_MEMORY = Cost("memory", lambda priced: priced.train_bytes)


def price_accuracies(measurements: Sequence[Measurement]) -> PricedSets:
    """The accuracies on each data set with what they cost, the cheapest video first."""
    index = Index(measurements)
    found: dict[str, list[PricedAccuracy]] = {name: [] for name in DATASETS}
    for one in known_accuracies(load_published(), measurements):
        if one.dataset in found:
            found[one.dataset].append(_price(one, index))
    for priced in found.values():
        priced.sort(key=lambda p: (p.video_macs is None, p.video_macs or 0, -p.accuracy.top1))
    return found


def build_video_costs(sets: PricedSets) -> tuple[Table, ...]:
    """A table for each data set with an accuracy whose cost is known."""
    tables = []
    for dataset, priced in sets.items():
        fronts = {cost.name: cost.front(priced) for cost in (VIDEO_MACS, TRAIN_MEMORY)}
        if not fronts[VIDEO_MACS.name]:
            continue
        notes: dict[str, int] = {}
        rows = tuple(
            _row(one, [name for name, front in fronts.items() if one in front], notes)
            for one in priced
        )
        sources = "; ".join(f"[{number}] {source}" for source, number in notes.items())
        caption = f"accuracy on {DATASETS[dataset]} and what it costs"
        tables.append(Table(caption, HEADINGS, rows, (f"Sources: {sources}.",)).compact(()))
    return tuple(tables)


def _price(accuracy: Accuracy, index: Index) -> PricedAccuracy:
    if accuracy.protocol is None:
        return PricedAccuracy(accuracy, None, None)
    point = Point(
        network=accuracy.network,
        depth=accuracy.depth,
        options=accuracy.options,
        frames=accuracy.frames,
        input_size=accuracy.protocol.size,
        num_classes=accuracy.num_classes,
    )
    step = point.model_copy(update={"batch": TRAINED.batch, "mode": TRAINED.mode})
    return PricedAccuracy(accuracy, index.figure(MACS, point), index.figure(MEMORY, step))


def _row(priced: PricedAccuracy, fronts: Sequence[str], notes: dict[str, int]) -> tuple[Cell, ...]:
    accuracy = priced.accuracy
    number = notes.setdefault(accuracy.source, len(notes) + 1)
    return (
        Cell(accuracy.network),
        count_cell(accuracy.depth),
        Cell(options_text(accuracy.options)),
        count_cell(accuracy.frames),
        Cell(f"{accuracy.top1:g}", accuracy.top1),
        Cell(accuracy.pretraining or UNKNOWN),
        Cell(str(accuracy.protocol or UNKNOWN)),
        _cost(priced.clip_macs, format_giga),
        _cost(priced.video_macs, format_giga),
        _cost(priced.train_bytes, format_mib),
        Cell(", ".join(fronts)),
        Cell(f"{accuracy.kind} [{number}]"),
    )


def _cost(cost: float | None, write: Formatter) -> Cell:
    return EMPTY if cost is None else Cell(write(cost), cost)
