"""How much of a machine is used: MACs a second against MACs a byte, under the machine's roof.

After Williams, Waterman and Patterson, "Roofline" (2009), with multiply-accumulates for operations,
and for bytes those that the operators read and write one by one.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import options_text
from reports.drawing import QUIET, Colours, Drawing, Plot, frame, logarithmic
from reports.machines import POINT_HEADINGS, machine_id, point_cells
from reports.plots import line_name
from reports.tables import Cell, Table

MACS, TRAFFIC = "macs:flop_counter", "traffic:operators"
HEADINGS = (
    *POINT_HEADINGS,
    *("MACs per byte", "GMACs a second", "share of the matrix multiplication", "share of the roof"),
)
RATES = ("macs_per_second", "bytes_per_second")  # of the ceilings
MARKERS = "osD^v"  # by depth
Group = tuple[str, str]  # a machine and a precision
MARGIN = 2.0  # of the intensities shown, on either side of those measured


@dataclass(frozen=True)
class Rate:
    """What a network reached at a point, beside what the machine can do in that precision."""

    measured: Measurement
    macs: float
    moved_bytes: float

    @property
    def intensity(self) -> float:
        """MACs per byte that the operators move."""
        return self.macs / self.moved_bytes

    @property
    def macs_per_second(self) -> float:
        """What the whole batch reached, by the median latency."""
        return self.macs / self.measured.value

    @property
    def peak(self) -> float:
        """MACs a second of a matrix multiplication, measured with this latency."""
        return self.measured.details["ceilings"]["macs_per_second"]

    @property
    def bandwidth(self) -> float:
        """Bytes a second of a copy, measured with this latency."""
        return self.measured.details["ceilings"]["bytes_per_second"]

    @property
    def roof(self) -> float:
        """MACs a second that the machine could reach at this intensity."""
        return min(self.peak, self.bandwidth * self.intensity)


@dataclass(frozen=True)
class Roofline:
    """The rates of one machine in one precision."""

    machine: str
    precision: str
    plot: Plot
    table: Table


def build_rooflines(measurements: Sequence[Measurement], colours: Colours) -> tuple[Roofline, ...]:
    """A roofline for every machine and precision that has latencies with MACs and traffic."""
    groups = _rates(measurements)
    roofs = _roofs(measurements)
    return tuple(
        Roofline(*key, _draw(*key, rates, roofs[key], colours), _table(rates))
        for key, rates in sorted(groups.items())
    )


def _rates(measurements: Sequence[Measurement]) -> dict[Group, list[Rate]]:
    """What can be placed under a roof."""
    found = {(m.label, m.point): m.value for m in measurements if m.status == "ok"}
    macs_of, traffic_of = (find_instrument(label).canonical for label in (MACS, TRAFFIC))
    groups: dict[Group, list[Rate]] = {}
    for m in measurements:
        if m.quantity != "latency" or m.status != "ok" or m.point.mode != "infer":
            continue
        macs = found.get((MACS, macs_of(m.point)))
        traffic = found.get((TRAFFIC, traffic_of(m.point)))
        if macs and traffic and m.value and _has_ceilings(m):
            rate = Rate(m, macs * m.point.batch, traffic)
            groups.setdefault((m.machine, m.point.precision), []).append(rate)
    return groups


def _roofs(measurements: Sequence[Measurement]) -> dict[Group, tuple[float, float]]:
    """MACs and bytes a second by machine and precision, medians over all that was timed there."""
    found: dict[Group, list[dict[str, int | float]]] = {}
    for m in measurements:
        if m.quantity == "latency" and m.status == "ok" and _has_ceilings(m):
            group = (m.machine, m.point.precision)
            found.setdefault(group, []).append(m.details["ceilings"])
    macs, moved = RATES
    return {
        group: (statistics.median(c[macs] for c in all_), statistics.median(c[moved] for c in all_))
        for group, all_ in found.items()
    }


def _has_ceilings(latency: Measurement) -> bool:
    return all(latency.details.get("ceilings", {}).get(rate) for rate in RATES)


def _table(rates: Sequence[Rate]) -> Table:
    return Table(
        f"{len(rates)} points",
        HEADINGS,
        tuple(
            (
                *point_cells(rate.measured.point),
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
    """The roof, by MACs and bytes a second, and the points under it."""
    peak, bandwidth = roof
    ridge = peak / bandwidth  # MACs per byte from which on the multiplication is the limit
    low = min(ridge, *(rate.intensity for rate in rates)) / MARGIN
    high = max(ridge, *(rate.intensity for rate in rates)) * MARGIN
    ident = f"{machine_id(machine)}-roofline-{precision}"
    names = sorted({_name(rate) for rate in rates})
    depths = sorted({rate.measured.point.depth or 0 for rate in rates})
    finding = (
        f"A matrix multiplication reaches {peak / 1e9:,.0f} GMACs a second, a copy moves "
        f"{bandwidth / 1e9:,.1f} GB a second: below {ridge:.1f} MACs per byte, memory is the limit."
    )
    with Drawing(width=6.5, height=3.6, margins=(0.8, 2.7, 0.6, 0.2)) as drawing:
        (axes,) = drawing.panels
        axes.plot([low, ridge, high], [bandwidth * low / 1e9, peak / 1e9, peak / 1e9], color=QUIET)
        for name, depth in names:
            mine = [rate for rate in rates if _name(rate) == (name, depth)]
            drawing.points(
                axes,
                [rate.intensity for rate in mine],
                [rate.macs_per_second / 1e9 for rate in mine],
                [_said(rate) for rate in mine],
                color=colours[name],
                marker=MARKERS[depths.index(depth) % len(MARKERS)],
                label=f"{name} {depth}" if depth else name,
            )
        logarithmic(axes)
        frame(axes, "MACs per byte that operators move", "GMACs a second")
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        return drawing.plot(ident, f"Roofline, {precision}", finding)


def _said(rate: Rate) -> str:
    name, depth = _name(rate)
    where = f"{name}, depth {depth}" if depth else name
    return (
        f"{where}, {rate.measured.point.frames} frames: {rate.macs_per_second / 1e9:,.1f} GMACs a "
        f"second at {rate.intensity:.1f} MACs per byte"
    )


def _name(rate: Rate) -> tuple[str, int]:
    """What the plot tells apart: the network as other plots call it, and the depth, 0 for none."""
    point = rate.measured.point
    return line_name(point.network, options_text(point.options)), point.depth or 0
