"""The latencies, throughputs and energies of each platform: a machine, and a number of threads."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.records.measurement import Measurement, threads_suffix
from bench.records.point import Point, options_text
from reports.drawing import Plot
from reports.plots import Series
from reports.tables import EMPTY, Cell, Formatter, Table, count_cell, format_digits

QUANTITIES = ("latency", "throughput", "energy")
LONGEST_SLUG = 60  # of a file name, which may have 255 bytes
POINT_HEADINGS = ("network", "depth", "options", "frames", "batch", "mode", "precision", "run as")
LATENCY_HEADINGS = (
    *POINT_HEADINGS,
    "seconds",
    "95 % interval",
    "clips/s",
    "TSN's seconds",
    "TSN / this",
    "95 % interval of the ratio",
    "warnings",
)
THROUGHPUT_HEADINGS = (*POINT_HEADINGS, "clips/s", "95 % interval", "warnings")
ENERGY_HEADINGS = (*POINT_HEADINGS, "joules per clip", "95 % interval", "warnings")


@dataclass(frozen=True)
class MachineSection:
    """The figures of one platform, and the warnings of its instruments. `id` is its HTML id.

    `machine` is the platform. `apart` says why figures of fewer threads than cores stand apart.
    """

    id: str
    machine: str
    apart: str
    plots: tuple[Plot, ...]
    latencies: Table
    throughputs: Table
    energies: Table
    warnings: tuple[str, ...]


def build_machines(
    measurements: Sequence[Measurement], plots: Sequence[Plot]
) -> tuple[MachineSection, ...]:
    """A section for each platform with latencies, throughputs or energies, and its own `plots`."""
    timed = group_by_platform(m for m in measurements if m.quantity in QUANTITIES)
    return tuple(
        MachineSection(
            id=machine_id(machine),
            machine=machine,
            apart=_why_apart(found),
            plots=tuple(plot for plot in plots if plot.id.startswith(f"{machine_id(machine)}-")),
            latencies=_latencies(_of(found, "latency")),
            throughputs=_throughputs(_of(found, "throughput")),
            energies=_energies(_of(found, "energy")),
            warnings=tuple(f"{m.label} of {m.point}: {w}" for m in found for w in m.warnings),
        )
        for machine, found in timed.items()
    )


def point_cells(point: Point) -> tuple[Cell, ...]:
    """The cells under `POINT_HEADINGS`; the last one lists fields that differ from the default."""
    forms = {
        "execution": "{}",
        "memory_format": "{}",
        "input_size": "{} px",
        "num_classes": "{} classes",
        "step": "{}",
    }
    others = [
        form.format(getattr(point, name)).replace("_", "-")
        for name, form in forms.items()
        if getattr(point, name) != Point.model_fields[name].default
    ]
    return (
        Cell(point.network),
        count_cell(point.depth),
        Cell(options_text(point.options)),
        count_cell(point.frames),
        count_cell(point.batch),
        Cell(point.mode),
        Cell(point.precision),
        Cell(", ".join(others)),
    )


def _why_apart(measurements: Sequence[Measurement]) -> str:
    """Why the figures of a platform with fewer threads than cores stand apart; else ""."""
    first = measurements[0]
    if not 0 < first.threads < first.environment.cores:
        return ""
    return (
        f"Other processes used some of the {first.environment.cores} cores, so fewer threads "
        "computed these figures. They are not compared with figures of another number of threads. "
        "Run the same suite again when the cores are free: it measures them again."
    )


def _of(measurements: Sequence[Measurement], quantity: str) -> list[Measurement]:
    return [m for m in measurements if m.quantity == quantity]


def _latencies(measurements: Sequence[Measurement]) -> Table:
    rows = tuple(
        (
            *point_cells(m.point),
            Cell(format_digits(m.value), m.value),
            _interval(m.interval, format_digits),
            _rate(m),
            *_beside(m),
            _warnings(m),
        )
        for m in measurements
    )
    return Table(_caption("latencies of a batch", measurements), LATENCY_HEADINGS, rows).compact()


def _beside(latency: Measurement) -> tuple[Cell, ...]:
    """The reference's seconds in the same rounds, the ratio and its interval; empty without one."""
    reference = latency.reference
    if reference is None or not latency.has_saving:
        return (EMPTY, EMPTY, EMPTY)
    return (
        Cell(format_digits(reference.value), reference.value),
        Cell(f"{latency.saving:.2f}", latency.saving),
        _interval(latency.saving_interval, "{:.2f}".format),
    )


def _throughputs(measurements: Sequence[Measurement]) -> Table:
    rows = []
    for m in measurements:
        best = m.details.get("best", {}).get("batch", m.point.batch)
        where = m.point.model_copy(update={"batch": int(best)})
        rows.append((*point_cells(where), *_figure(m)))
    table = Table(
        _caption("clips per second at the best batch size", measurements),
        THROUGHPUT_HEADINGS,
        tuple(rows),
    )
    return table.compact(("mode", "precision"))


def _energies(measurements: Sequence[Measurement]) -> Table:
    rows = tuple((*point_cells(m.point), *_figure(m)) for m in measurements)
    return Table("energy per clip", ENERGY_HEADINGS, rows).compact()


def _caption(what: str, measurements: Sequence[Measurement]) -> str:
    """A caption with the number of threads of all its rows."""
    return what + threads_suffix(max((m.threads for m in measurements), default=0))


def _figure(measurement: Measurement) -> tuple[Cell, ...]:
    return (
        Cell(format_digits(measurement.value), measurement.value),
        _interval(measurement.interval, format_digits),
        _warnings(measurement),
    )


def _interval(bounds: tuple[float, float], write: Formatter) -> Cell:
    low, high = (write(bound) for bound in bounds)
    return Cell(f"{low} to {high}", bounds[0])


def _rate(latency: Measurement) -> Cell:
    if not latency.value:
        return EMPTY
    rate = latency.point.batch / latency.value
    return Cell(format_digits(rate), rate)


def _warnings(measurement: Measurement) -> Cell:
    count = len(measurement.warnings)
    return Cell(str(count) if count else "", count)


def build_machine_series(measurements: Sequence[Measurement]) -> list[Series]:
    """Latency against frames: a series for each platform, mode and precision."""
    timed = group_by_platform(m for m in measurements if m.quantity == "latency")
    return [
        _series(platform, found[0], mode, precision)
        for platform, found in timed.items()
        for mode, precision in sorted({(m.point.mode, m.point.precision) for m in found})
    ]


def _series(platform: str, latency: Measurement, mode: str, precision: str) -> Series:
    """The latencies in `mode` and `precision` on the platform of `latency`."""
    threads = f" and threads == {latency.threads}" if latency.threads else ""
    return Series(
        id=f"{machine_id(platform)}-{mode}-{precision}-latency",
        title=f"Latency against frames, {mode}, {precision}{threads_suffix(latency.threads)}",
        query=f"quantity == 'latency' and mode == '{mode}' and precision == '{precision}'{threads}",
        label="seconds per batch",
        scale=1,
        unit="seconds per batch",
        machine=latency.machine,
    )


def group_by_platform(measurements: Iterable[Measurement]) -> dict[str, list[Measurement]]:
    """The measurements with a figure, by their platform, sorted."""
    groups: dict[str, list[Measurement]] = {}
    for m in measurements:
        if m.status == "ok":
            groups.setdefault(m.platform, []).append(m)
    return dict(sorted(groups.items()))


def machine_id(machine: str) -> str:
    """The unique id of a machine, or of its platform, in links and file names.

    The hash keeps ids apart if names are long or differ only in punctuation.
    """
    slug = "-".join(re.findall("[a-z0-9]+", machine.lower()))[:LONGEST_SLUG]
    return f"machine-{slug}-{hashlib.sha256(machine.encode()).hexdigest()[:6]}"
