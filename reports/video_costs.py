"""What known accuracies cost: top-1 against the MACs of all views of a video.

A table for each data set. An accuracy whose protocol or MACs are not known is shown last, without a
place on the front.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.choice.accuracies import Accuracy, known_accuracies
from bench.choice.ranking import MACS
from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.records.point import Point, options_text
from reports import places
from reports.tables import EMPTY, Cell, Table, count_cell, format_giga
from suites import load_published

SETS = ("something-something-v1", "something-something-v2", "kinetics-400", "moments-in-time")
DATASETS = {name: places.DATASETS[name] for name in SETS}
UNKNOWN = "not known"
HEADINGS = (
    "network",
    "depth",
    "options",
    "frames",
    "top-1 %",
    "views",
    "MACs a clip (G)",
    "MACs a video (G)",
    "Pareto front",
    "source",
)


@dataclass(frozen=True)
class PricedAccuracy:
    """An accuracy with the MACs of a clip at the size of its test, as far as they are known."""

    accuracy: Accuracy
    clip_macs: float | None

    @property
    def video_macs(self) -> float | None:
        """The MACs of all views of a video."""
        protocol = self.accuracy.protocol
        return self.clip_macs * protocol.views if protocol and self.clip_macs is not None else None


def price_accuracies(measurements: Sequence[Measurement], dataset: str) -> list[PricedAccuracy]:
    """The accuracies on a data set with what they cost, the cheapest video first."""
    index = Index(measurements)
    found = [
        PricedAccuracy(one, _clip_macs(one, index))
        for one in known_accuracies(load_published(), measurements)
        if one.dataset == dataset
    ]
    return sorted(found, key=lambda p: (p.video_macs is None, p.video_macs or 0, -p.accuracy.top1))


def find_front(priced: Iterable[PricedAccuracy]) -> list[PricedAccuracy]:
    """The accuracies above all others of no more MACs a video, the cheapest first."""
    front: list[PricedAccuracy] = []
    known = ((one.video_macs, one) for one in priced if one.video_macs is not None)
    for _, one in sorted(known, key=lambda pair: (pair[0], -pair[1].accuracy.top1)):
        if not front or one.accuracy.top1 > front[-1].accuracy.top1:
            front.append(one)
    return front


def build_video_costs(measurements: Sequence[Measurement]) -> tuple[Table, ...]:
    """A table for each data set with an accuracy whose cost is known."""
    tables = []
    for dataset, title in DATASETS.items():
        priced = price_accuracies(measurements, dataset)
        front = find_front(priced)
        if not front:
            continue
        notes: dict[str, int] = {}
        rows = tuple(_row(one, one in front, notes) for one in priced)
        sources = "; ".join(f"[{number}] {source}" for source, number in notes.items())
        caption = f"accuracy on {title} and the cost of a video"
        tables.append(Table(caption, HEADINGS, rows, (f"Sources: {sources}.",)).compact(()))
    return tuple(tables)


def _clip_macs(accuracy: Accuracy, index: Index) -> float | None:
    if accuracy.protocol is None:
        return None
    point = Point(
        network=accuracy.network,
        depth=accuracy.depth,
        options=accuracy.options,
        frames=accuracy.frames,
        input_size=accuracy.protocol.size,
        num_classes=accuracy.num_classes,
    )
    return index.figure(MACS, point)


def _row(priced: PricedAccuracy, on_front: bool, notes: dict[str, int]) -> tuple[Cell, ...]:
    accuracy = priced.accuracy
    number = notes.setdefault(accuracy.source, len(notes) + 1)
    return (
        Cell(accuracy.network),
        count_cell(accuracy.depth),
        Cell(options_text(accuracy.options)),
        count_cell(accuracy.frames),
        Cell(f"{accuracy.top1:g}", accuracy.top1),
        Cell(str(accuracy.protocol or UNKNOWN)),
        _giga(priced.clip_macs),
        _giga(priced.video_macs),
        Cell("yes") if on_front else EMPTY,
        Cell(f"{accuracy.kind} [{number}]"),
    )


def _giga(macs: float | None) -> Cell:
    return EMPTY if macs is None else Cell(format_giga(macs), macs)
