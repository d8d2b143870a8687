"""Accuracies of networks trained here, beside their MACs; and networks compared clip by clip."""

from collections.abc import Sequence
from itertools import combinations, groupby

from bench.instruments import find_instrument
from bench.proportions import compare
from bench.records import Measurement, Point
from reports.published import options_text
from reports.tables import NOT_MEASURED, NOTHING, Cell, Table

LABEL, MACS = "accuracy:trained", "macs:flop_counter"
CLIPS_NOTE = (
    "Intervals are Wilson's, of 95 %, over the test clips of one training; another seed may lie "
    "outside."
)
PAIRS_NOTE = (
    "McNemar's exact test on the same test clips, at equal frames and seed. It says nothing of "
    "other trainings: compare the seeds."
)


def build_accuracies(measurements: Sequence[Measurement]) -> Table:
    """A row for each network that was trained, with its top-1 by group of classes, in percent."""
    trained = _trained(measurements)
    macs = {m.point: m for m in measurements if m.label == MACS and m.status == "ok"}
    groups = list(dict.fromkeys(name for m in trained for name in m.details["by_group"]))
    headings = (
        *("network", "depth", "options", "data set", "frames", "seed", "MACs (M)"),
        *("test clips", "top-1 (%)", "from", "to", *groups),
    )
    rows = [_row(m, macs.get(find_instrument(MACS).canonical(m.point)), groups) for m in trained]
    return Table("networks trained from scratch", headings, tuple(rows), (CLIPS_NOTE,)).compact(
        ("data set", "options", "test clips")
    )


def build_comparisons(measurements: Sequence[Measurement]) -> Table:
    """A row for each two networks that were trained with the same frames and seed."""
    headings = (
        *("frames", "seed", "network", "against", "points more", "only the first right"),
        *("only the second right", "p", "verdict"),
    )
    trained = sorted(_trained(measurements), key=lambda m: _alike(m.point))
    rows = [
        _compared(first, second)
        for _, alike in groupby(trained, key=lambda m: (_alike(m.point), m.settings["clips"]))
        for first, second in combinations(alike, 2)
    ]
    return Table("pairs of networks on the same clips", headings, tuple(rows), (PAIRS_NOTE,))


def _trained(measurements: Sequence[Measurement]) -> list[Measurement]:
    return [m for m in measurements if m.label == LABEL and m.status == "ok"]


def _alike(point: Point) -> tuple[str, int, int, str]:
    """What two networks share that are compared."""
    return point.dataset, point.frames, point.seed, point.precision


def _row(
    measurement: Measurement, macs: Measurement | None, groups: Sequence[str]
) -> tuple[Cell, ...]:
    point, (low, high) = measurement.point, measurement.interval
    by_group = measurement.details["by_group"]
    return (
        *(Cell(point.network), NOTHING if point.depth is None else _count(point.depth)),
        *(Cell(options_text(point.options)), Cell(point.dataset)),
        *(_count(point.frames), _count(point.seed)),
        NOT_MEASURED if macs is None else Cell(f"{macs.value / 1e6:,.1f}", macs.value),
        _count(len(measurement.samples)),
        *(_percent(share) for share in (measurement.value, low, high)),
        *(_percent(by_group[name]) if name in by_group else NOTHING for name in groups),
    )


def _compared(first: Measurement, second: Measurement) -> tuple[Cell, ...]:
    found = compare(first.samples, second.samples)
    return (
        *(_count(first.point.frames), _count(first.point.seed)),
        *(Cell(first.point.network), Cell(second.point.network)),
        Cell(f"{found.points:+.1f}", found.points),
        *(_count(found.only_first), _count(found.only_second)),
        Cell(f"{found.p_value:.2g}", found.p_value),
        Cell(str(found.difference)),
    )


def _count(number: int) -> Cell:
    return Cell(str(number), number)


def _percent(share: float) -> Cell:
    return Cell(f"{share:.1f}", share)
