"""Rooflines: MACs per second against MACs per byte, below the limits of the machine.

After Williams, Waterman and Patterson, "Roofline" (2009). Operations are MACs. Bytes are those that
each operator reads and writes, without fusion.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.records.point import options_text
from reports.drawing import QUIET, Colours, Drawing, Plot, draw_axes, use_log_axes
from reports.machines import POINT_HEADINGS, machine_id, point_cells
from reports.plots import line_name
from reports.tables import Cell, Table

MACS, TRAFFIC = "macs:flop_counter", "traffic:operators"
HEADINGS = (
    *POINT_HEADINGS,
    "MACs per byte",
    "GMACs per second",
    "share of the matrix multiplication",
    "share of the roof",
)
RATES = ("macs_per_second", "bytes_per_second")  # of the ceilings
MARKERS = "osD^v"  # one for each depth
MARGIN = 2.0  # the x axis ends at this factor below and above the intensities
MachinePrecision = tuple[str, str]  # the name of a machine, and a precision


@dataclass(frozen=True)
class Rate:
    """The rate of a network at a point, and the ceilings of the machine in that precision."""

    latency: Measurement
    macs: float
    moved_bytes: float

    @property
    def intensity(self) -> float:
        """MACs per byte that the operators move."""
        return self.macs / self.moved_bytes

    @property
    def macs_per_second(self) -> float:
        """MACs per second over the batch, by the median latency."""
        return self.macs / self.latency.value

    @property
    def peak(self) -> float:
        """MACs per second of a matrix multiplication, timed together with this latency."""
        return self.latency.details["ceilings"]["macs_per_second"]

    @property
    def bandwidth(self) -> float:
        """Bytes per second of a copy, timed together with this latency."""
        return self.latency.details["ceilings"]["bytes_per_second"]

    @property
    def roof(self) -> float:
        """MACs per second that the machine can reach at this intensity."""
        return min(self.peak, self.bandwidth * self.intensity)


@dataclass(frozen=True)
class Roofline:
    """The rates of one machine in one precision."""

    machine: str
    precision: str
    plot: Plot
    table: Table


def build_rooflines(measurements: Sequence[Measurement], colours: Colours) -> tuple[Roofline, ...]:
    """A roofline for each machine and precision with latencies of known MACs and traffic."""
    groups = _rates(measurements)
    roofs = _roofs(measurements)
    return tuple(
        Roofline(*key, _draw(*key, rates, roofs[key], colours), _table(rates))
        for key, rates in sorted(groups.items())
    )


def _rates(measurements: Sequence[Measurement]) -> dict[MachinePrecision, list[Rate]]:
    """The inference latencies with known MACs, traffic and ceilings."""
    index = Index(measurements)
    groups: dict[MachinePrecision, list[Rate]] = {}
    for m in measurements:
        if m.quantity != "latency" or m.status != "ok" or m.point.mode != "infer":
            continue
        macs, traffic = index.figure(MACS, m.point), index.figure(TRAFFIC, m.point)
        if macs and traffic and m.value and _has_ceilings(m):
            rate = Rate(m, macs * m.point.batch, traffic)
            groups.setdefault((m.machine, m.point.precision), []).append(rate)
    return groups


def _roofs(measurements: Sequence[Measurement]) -> dict[MachinePrecision, tuple[float, float]]:
    """MACs and bytes per second by machine and precision: medians over all latencies."""
    ceilings: dict[MachinePrecision, list[dict[str, int | float]]] = {}
    for m in measurements:
        if m.quantity == "latency" and m.status == "ok" and _has_ceilings(m):
            group = (m.machine, m.point.precision)
            ceilings.setdefault(group, []).append(m.details["ceilings"])
    macs, moved = RATES
    return {
        group: (statistics.median(c[macs] for c in all_), statistics.median(c[moved] for c in all_))
        for group, all_ in ceilings.items()
    }


def _has_ceilings(latency: Measurement) -> bool:
    return all(latency.details.get("ceilings", {}).get(rate) for rate in RATES)


def _table(rates: Sequence[Rate]) -> Table:
    return Table(
        f"{len(rates)} points",
        HEADINGS,
        tuple(
            (
                *point_cells(rate.latency.point),
                Cell(f"{rate.intensity:.2f}", rate.intensity),
                Cell(f"{rate.macs_per_second / 1e9:,.1f}", rate.macs_per_second),
                *(
                    Cell(f"{rate.macs_per_second / most:.0%}", rate.macs_per_second / most)
                    for most in (rate.peak, rate.roof)
                ),
            )
            for rate in rates
        ),
    ).compact()


def _draw(
    machine: str,
    precision: str,
    rates: Sequence[Rate],
    roof: tuple[float, float],
    colours: Colours,
) -> Plot:
    """The roof, given as MACs and bytes per second, and the points below it."""
    peak, bandwidth = roof
    ridge = peak / bandwidth  # MACs per byte where the limit changes from memory to computation
    low = min(ridge, *(rate.intensity for rate in rates)) / MARGIN
    high = max(ridge, *(rate.intensity for rate in rates)) * MARGIN
    ident = f"{machine_id(machine)}-roofline-{precision}"
    names = sorted({_name(rate) for rate in rates})
    depths = sorted({rate.latency.point.depth or 0 for rate in rates})
    finding = (
        f"A matrix multiplication reaches {peak / 1e9:,.0f} GMACs per second, a copy moves "
        f"{bandwidth / 1e9:,.1f} GB per second: below {ridge:.1f} MACs per byte, memory is the "
        "limit."
    )
    with Drawing(width=6.5, height=3.6, margins=(0.8, 2.7, 0.6, 0.2)) as drawing:
        (axes,) = drawing.panels
        axes.plot([low, ridge, high], [bandwidth * low / 1e9, peak / 1e9, peak / 1e9], color=QUIET)
        for name, depth in names:
            own = [rate for rate in rates if _name(rate) == (name, depth)]
            drawing.points(
                axes,
                [rate.intensity for rate in own],
                [rate.macs_per_second / 1e9 for rate in own],
                [_label(rate) for rate in own],
                color=colours[name],
                marker=MARKERS[depths.index(depth) % len(MARKERS)],
                label=f"{name} {depth}" if depth else name,
            )
        use_log_axes(axes)
        draw_axes(axes, "MACs per byte that operators read and write", "GMACs per second")
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        return drawing.plot(ident, f"Roofline, {precision}", finding)


def _label(rate: Rate) -> str:
    name, depth = _name(rate)
    where = f"{name}, depth {depth}" if depth else name
    return (
        f"{where}, {rate.latency.point.frames} frames: {rate.macs_per_second / 1e9:,.1f} GMACs "
        f"per second at {rate.intensity:.1f} MACs per byte"
    )


def _name(rate: Rate) -> tuple[str, int]:
    """The name of the network in plots, and its depth, 0 for none: they share a marker."""
    point = rate.latency.point
    return line_name(point.network, options_text(point.options)), point.depth or 0
