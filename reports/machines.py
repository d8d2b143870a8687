"""What each machine measured: seconds, clips a second and energy. No row is of two machines."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.records.measurement import Measurement
from bench.records.point import Point, options_text
from reports.drawing import Plot
from reports.plots import Series
from reports.tables import NOTHING, Cell, Show, Table, three_digits

QUANTITIES = ("latency", "throughput", "energy")
LONGEST_SLUG = 60  # names of files have 255 letters at most
POINT_HEADINGS = ("network", "depth", "options", "frames", "batch", "mode", "precision", "run as")
LATENCY_HEADINGS = (
    *POINT_HEADINGS,
    *("seconds", "95 % interval", "clips/s", "TSN / this", "95 % interval of it", "doubts"),
)
THROUGHPUT_HEADINGS = (*POINT_HEADINGS, "clips/s", "95 % interval", "doubts")
ENERGY_HEADINGS = (*POINT_HEADINGS, "joules per clip", "95 % interval", "doubts")


@dataclass(frozen=True)
class MachineSection:
    """The figures of one machine, `id` for links; `doubts` are its instruments' warnings."""

    id: str
    machine: str
    plots: tuple[Plot, ...]
    latencies: Table
    throughputs: Table
    energies: Table
    doubts: tuple[str, ...]


def build_machines(
    measurements: Sequence[Measurement], plots: Sequence[Plot]
) -> tuple[MachineSection, ...]:
    """A section for every machine that timed something, with those of `plots` that are its own."""
    timed = by_machine(m for m in measurements if m.quantity in QUANTITIES)
    return tuple(
        MachineSection(
            id=machine_id(machine),
            machine=machine,
            plots=tuple(plot for plot in plots if plot.id.startswith(f"{machine_id(machine)}-")),
            latencies=_latencies(_of(found, "latency")),
            throughputs=_throughputs(_of(found, "throughput")),
            energies=_energies(_of(found, "energy")),
            doubts=tuple(f"{m.label} of {m.point}: {w}" for m in found for w in m.warnings),
        )
        for machine, found in timed.items()
    )


def point_cells(point: Point) -> tuple[Cell, ...]:
    """The cells under `POINT_HEADINGS`; the last one holds what is not as usual."""
    fields = (
        *((name, "{}") for name in ("execution", "memory_format")),
        *(("input_size", "{} px"), ("num_classes", "{} classes")),
    )
    ways = [
        form.format(getattr(point, name)).replace("_", "-")
        for name, form in fields
        if getattr(point, name) != Point.model_fields[name].default
    ]
    return (
        Cell(point.network),
        Cell("" if point.depth is None else str(point.depth), point.depth),
        Cell(options_text(point.options)),
        Cell(str(point.frames), point.frames),
        Cell(str(point.batch), point.batch),
        Cell(point.mode),
        Cell(point.precision),
        Cell(", ".join(ways)),
    )


def _of(measurements: Sequence[Measurement], quantity: str) -> list[Measurement]:
    return [m for m in measurements if m.quantity == quantity]


def _latencies(measurements: Sequence[Measurement]) -> Table:
    rows = []
    for m in measurements:
        is_paired = m.reference is not None and all(m.samples)
        paired = (
            (Cell(f"{m.saving:.2f}", m.saving), _interval(m.saving_interval, "{:.2f}".format))
            if is_paired
            else (NOTHING, NOTHING)
        )
        rows.append(
            (
                *point_cells(m.point),
                Cell(three_digits(m.value), m.value),
                _interval(m.interval, three_digits),
                _rate(m),
                *paired,
                _doubts(m),
            )
        )
    return Table("latencies of a batch", LATENCY_HEADINGS, tuple(rows)).compact()


def _throughputs(measurements: Sequence[Measurement]) -> Table:
    rows = []
    for m in measurements:
        best = m.details.get("best", {}).get("batch", m.point.batch)
        where = m.point.model_copy(update={"batch": int(best)})
        rows.append((*point_cells(where), *_figure(m)))
    table = Table("clips a second at the best batch", THROUGHPUT_HEADINGS, tuple(rows))
    return table.compact(("mode", "precision"))


def _energies(measurements: Sequence[Measurement]) -> Table:
    rows = tuple((*point_cells(m.point), *_figure(m)) for m in measurements)
    return Table("energy of a clip", ENERGY_HEADINGS, rows).compact()


def _figure(measurement: Measurement) -> tuple[Cell, ...]:
    return (
        Cell(three_digits(measurement.value), measurement.value),
        _interval(measurement.interval, three_digits),
        _doubts(measurement),
    )


def _interval(bounds: tuple[float, float], show: Show) -> Cell:
    low, high = (show(bound) for bound in bounds)
    return Cell(f"{low} to {high}", bounds[0])


def _rate(latency: Measurement) -> Cell:
    if not latency.value:
        return NOTHING
    rate = latency.point.batch / latency.value
    return Cell(three_digits(rate), rate)


def _doubts(measurement: Measurement) -> Cell:
    count = len(measurement.warnings)
    return Cell(str(count) if count else "", count)


def machine_series(measurements: Sequence[Measurement]) -> list[Series]:
    """Latency against frames, for each machine, mode and precision."""
    timed = by_machine(m for m in measurements if m.quantity == "latency")
    return [
        Series(
            id=f"{machine_id(machine)}-{mode}-{precision}-latency",
            title=f"Latency against frames, {mode}, {precision}",
            query=f"quantity == 'latency' and mode == '{mode}' and precision == '{precision}'",
            label="seconds a batch",
            scale=1,
            unit="seconds a batch",
            machine=machine,
        )
        for machine, found in timed.items()
        for mode, precision in sorted({(m.point.mode, m.point.precision) for m in found})
    ]


def by_machine(measurements: Iterable[Measurement]) -> dict[str, list[Measurement]]:
    """The measurements that gave a figure, by the name of their machine, sorted."""
    groups: dict[str, list[Measurement]] = {}
    for m in measurements:
        if m.status == "ok":
            groups.setdefault(m.machine, []).append(m)
    return dict(sorted(groups.items()))


def machine_id(machine: str) -> str:
    """What stands for a machine in links and names of files: no two names have one.

    However alike they are, or long.
    """
    slug = "-".join(re.findall("[a-z0-9]+", machine.lower()))[:LONGEST_SLUG]
    return f"machine-{slug}-{hashlib.sha256(machine.encode()).hexdigest()[:6]}"
