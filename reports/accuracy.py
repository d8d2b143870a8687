"""Accuracies of networks beside their MACs, and pairs of networks compared on the same clips."""

from collections.abc import Sequence
from itertools import combinations, groupby

from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.records.point import options_text
from bench.records.proportions import paired_test
from reports.tables import EMPTY, NOT_MEASURED, Cell, Table, count_cell

TRAINED, EVALUATED, MACS = "accuracy:trained", "accuracy:evaluated", "macs:flop_counter"
CLIPS_NOTE = (
    "Intervals are 95 % score intervals over the test clips of one trained network; in "
    "arrow-of-time, over the pairs of a motion and its reverse. The accuracy of another training "
    "run may be outside the interval."
)
PAIRS_NOTE = (
    "An exact test on the same test clips or, in arrow-of-time, pairs of a motion and its reverse, "
    "at equal frames and seed. It says nothing about other training runs: compare the seeds for "
    "that."
)
COMPARISON_HEADINGS = (
    "network",
    "other network",
    "frames",
    "seed",
    "difference (points)",
    "only network correct",
    "only other correct",
    "p",
    "verdict",
)


def build_accuracies(measurements: Sequence[Measurement]) -> Table:
    """A row for each network, with its top-1 by group of classes and its top-5, in percent."""
    accuracies = _accuracies(measurements)
    index = Index(measurements)
    groups = list(dict.fromkeys(name for m in accuracies for name in m.details.get("by_group", {})))
    headings = (
        "network",
        "depth",
        "options",
        "weights",
        "data set",
        "frames",
        "seed",
        "MACs (M)",
        "test clips",
        "top-1 (%)",
        "95 % from",
        "95 % to",
        *groups,
        "top-5 (%)",
    )
    rows = [_row(m, index.figure(MACS, m.point), groups) for m in accuracies]
    return Table("accuracies", headings, tuple(rows), (CLIPS_NOTE,)).compact(
        ("data set", "options", "test clips", "weights")
    )


def build_comparisons(measurements: Sequence[Measurement]) -> Table:
    """A row for each pair of networks with answers to the same clips, at equal frames and seed."""
    accuracies = sorted(_accuracies(measurements), key=_comparison_key)
    rows = [
        _comparison_row(first, second)
        for _, group in groupby(accuracies, key=_comparison_key)
        for first, second in combinations(group, 2)
    ]
    return Table(
        "pairs of networks on the same clips", COMPARISON_HEADINGS, tuple(rows), (PAIRS_NOTE,)
    )


def _accuracies(measurements: Sequence[Measurement]) -> list[Measurement]:
    return [m for m in measurements if m.label in (TRAINED, EVALUATED) and m.status == "ok"]


def _comparison_key(measurement: Measurement) -> tuple[str, str, int, int, int, str]:
    """What must be equal before two networks are compared."""
    point = measurement.point
    sizes = (point.input_size, point.frames, point.seed)
    return point.dataset, str(measurement.protocol), *sizes, point.precision


def _row(measurement: Measurement, macs: float | None, groups: Sequence[str]) -> tuple[Cell, ...]:
    point, (low, high) = measurement.point, measurement.interval
    by_group = measurement.details.get("by_group", {})
    top5 = measurement.details.get("top5", {}).get("percent")
    return (
        Cell(point.network),
        count_cell(point.depth),
        Cell(options_text(point.options)),
        Cell(str(measurement.settings.get("weights", "trained here"))),
        Cell(point.dataset),
        count_cell(point.frames),
        count_cell(point.seed),
        NOT_MEASURED if macs is None else Cell(f"{macs / 1e6:,.1f}", macs),
        count_cell(len(measurement.samples)),
        *(_percent(share) for share in (measurement.value, low, high)),
        *(_percent(by_group.get(name)) for name in groups),
        _percent(top5),
    )


def _comparison_row(first: Measurement, second: Measurement) -> tuple[Cell, ...]:
    test = paired_test(first.samples, second.samples, reversed_pairs=first.has_reversed_pairs)
    return (
        Cell(first.point.network),
        Cell(second.point.network),
        count_cell(first.point.frames),
        count_cell(first.point.seed),
        Cell(f"{test.points:+.1f}", test.points),
        count_cell(test.only_first),
        count_cell(test.only_second),
        Cell(f"{test.p_value:.2g}", test.p_value),
        Cell(str(test.difference)),
    )


def _percent(share: float | None) -> Cell:
    return EMPTY if share is None else Cell(f"{share:.1f}", share)
