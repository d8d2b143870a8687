"""Published peaks of real GPUs beside simulations of the same training steps."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.records.point import Point
from reports.tables import EMPTY, NOT_MEASURED, Cell, Table, count_cell, format_mib
from suites.gpu_memory import GpuPeak

SIMULATED = "memory:simulated"
HEADINGS = (
    "network",
    "depth",
    "batch",
    "frames",
    "step",
    "zoo",
    "published (MiB)",
    "simulated (MiB)",
    "error",
    "remark",
)


@dataclass(frozen=True)
class GpuPeakSection:
    """A row for each published peak, and sentences about the errors. No rows: none is simulated."""

    finding: str
    table: Table


def build_gpu_peaks(measurements: Iterable[Measurement], peaks: list[GpuPeak]) -> GpuPeakSection:
    """Published peaks with the simulated peaks among `measurements`."""
    index = Index(measurements)
    simulated = {peak: index.figure(SIMULATED, point_of(peak)) for peak in peaks}
    errors = [
        error_of(peak, size)
        for peak, size in simulated.items()
        if size is not None and not peak.contradicted_by
    ]
    rows = tuple(_row(peak, size) for peak, size in simulated.items()) if errors else ()
    caption = f"{len(peaks)} published peaks"
    return GpuPeakSection(
        _finding(errors, len(peaks)) if errors else "",
        Table(caption, HEADINGS, rows).compact(("step",)),
    )


def point_of(peak: GpuPeak) -> Point:
    """The point of a published peak."""
    return Point(
        network=peak.network,
        depth=peak.depth,
        options=peak.options,
        frames=peak.frames,
        batch=peak.batch,
        mode="train",
        input_size=peak.input_size,
        num_classes=peak.num_classes,
        precision=peak.precision,
        step=peak.step,
    )


def error_of(peak: GpuPeak, simulated_bytes: float) -> float:
    """The relative error of a simulated peak: negative if it is too low."""
    return simulated_bytes / 2**20 / peak.peak_mib - 1


def _finding(errors: list[float], published: int) -> str:
    worst, low = max(errors, key=abs), sum(error < 0 for error in errors)
    return (
        f"{len(errors)} of {published} published peaks are compared with simulations: the error is "
        f"{statistics.median(errors):+.2%} in the median and {worst:+.2%} at worst, and {low} "
        f"{'is' if low == 1 else 'are'} too low."
    )


def _row(peak: GpuPeak, simulated_bytes: float | None) -> tuple[Cell, ...]:
    figure, error = NOT_MEASURED, EMPTY
    if simulated_bytes is not None:
        figure = Cell(format_mib(simulated_bytes), simulated_bytes)
        off = error_of(peak, simulated_bytes)
        error = Cell(f"{off:+.2%}", off)
    contradicted = f"contradicted by {peak.contradicted_by}" if peak.contradicted_by else ""
    waits = f"waits: {peak.waits_for}" if peak.waits_for else ""
    remarks = (peak.variant, contradicted, waits, peak.note)
    return (
        Cell(peak.network),
        count_cell(peak.depth),
        count_cell(peak.batch),
        count_cell(peak.frames),
        Cell(str(peak.step)),
        Cell(peak.pytorch),
        Cell(f"{peak.peak_mib:,}", peak.peak_mib),
        figure,
        error,
        Cell("; ".join(filter(None, remarks))),
    )
