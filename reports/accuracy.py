"""Accuracies of networks beside their MACs; and networks compared clip by clip."""

from collections.abc import Sequence
from itertools import combinations, groupby

from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Point, options_text
from bench.records.proportions import paired_test
from reports.tables import NOT_MEASURED, NOTHING, Cell, Table

TRAINED, EVALUATED, MACS = "accuracy:trained", "accuracy:evaluated", "macs:flop_counter"
CLIPS_NOTE = (
    "Intervals are Wilson's, of 95 %, over the test clips of one network; another training of it "
    "may lie outside. A motion of arrow-of-time and its reverse are two clips that hang together."
)
PAIRS_NOTE = (
    "McNemar's exact test on the same test clips, at equal frames and seed. It says nothing of "
    "other trainings: compare the seeds."
)


def build_accuracies(measurements: Sequence[Measurement]) -> Table:
    """A row for each network, with its top-1 by group of classes and its top-5, in percent."""
    found = _accuracies(measurements)
    macs = macs_by_point(measurements)
    groups = list(dict.fromkeys(name for m in found for name in m.details.get("by_group", {})))
    headings = (
        *("network", "depth", "options", "weights", "data set", "frames", "seed", "MACs (M)"),
        *("test clips", "top-1 (%)", "from", "to", *groups, "top-5 (%)"),
    )
    rows = [_row(m, macs.get(macs_of(m.point)), groups) for m in found]
    return Table("accuracies", headings, tuple(rows), (CLIPS_NOTE,)).compact(
        ("data set", "options", "test clips", "weights")
    )


def macs_by_point(measurements: Sequence[Measurement]) -> dict[Point, int | float]:
    """MACs by what `macs_of` makes of a point."""
    return {m.point: m.value for m in measurements if m.label == MACS and m.status == "ok"}


def macs_of(point: Point) -> Point:
    """`point` as its MACs know it."""
    return find_instrument(MACS).canonical(point)


def build_comparisons(measurements: Sequence[Measurement]) -> Table:
    """A row for each two networks that answered to the same clips, with equal frames and seed."""
    headings = (
        *("network", "against", "frames", "seed", "points more", "only the first right"),
        *("only the second right", "p", "verdict"),
    )
    found = sorted(_accuracies(measurements), key=_alike)
    rows = [
        _compared(first, second)
        for _, alike in groupby(found, key=_alike)
        for first, second in combinations(alike, 2)
    ]
    return Table("pairs of networks on the same clips", headings, tuple(rows), (PAIRS_NOTE,))


def _accuracies(measurements: Sequence[Measurement]) -> list[Measurement]:
    return [m for m in measurements if m.label in (TRAINED, EVALUATED) and m.status == "ok"]


def _alike(measurement: Measurement) -> tuple[str, str, int, int, int, str]:
    """What two networks share that are compared."""
    point = measurement.point
    sizes = (point.input_size, point.frames, point.seed)
    return point.dataset, str(measurement.protocol), *sizes, point.precision


def _row(measurement: Measurement, macs: float | None, groups: Sequence[str]) -> tuple[Cell, ...]:
    point, (low, high) = measurement.point, measurement.interval
    by_group = measurement.details.get("by_group", {})
    top5 = measurement.details.get("top5", {}).get("percent")
    return (
        *(Cell(point.network), NOTHING if point.depth is None else _count(point.depth)),
        Cell(options_text(point.options)),
        Cell(str(measurement.settings.get("weights", "trained here"))),
        Cell(point.dataset),
        *(_count(point.frames), _count(point.seed)),
        NOT_MEASURED if macs is None else Cell(f"{macs / 1e6:,.1f}", macs),
        _count(len(measurement.samples)),
        *(_percent(share) for share in (measurement.value, low, high)),
        *(_percent(by_group[name]) if name in by_group else NOTHING for name in groups),
        NOTHING if top5 is None else _percent(top5),
    )


def _compared(first: Measurement, second: Measurement) -> tuple[Cell, ...]:
    found = paired_test(first.samples, second.samples)
    return (
        *(Cell(first.point.network), Cell(second.point.network)),
        *(_count(first.point.frames), _count(first.point.seed)),
        Cell(f"{found.points:+.1f}", found.points),
        *(_count(found.only_first), _count(found.only_second)),
        Cell(f"{found.p_value:.2g}", found.p_value),
        Cell(str(found.difference)),
    )


def _count(number: int) -> Cell:
    return Cell(str(number), number)


def _percent(share: float) -> Cell:
    return Cell(f"{share:.1f}", share)
