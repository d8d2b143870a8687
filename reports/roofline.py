"""Rooflines: MACs per second against MACs per byte, below the limits of the machine.

After Williams, Waterman and Patterson, "Roofline" (2009). Operations are MACs. Bytes are those that
each operator reads and writes, without fusion.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.records.index import Index
from bench.records.measurement import Measurement, threads_suffix
from bench.records.point import options_text
from bench.wording import count_text
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
PlatformPrecision = tuple[str, str]  # a machine with its threads, and a precision


@dataclass(frozen=True)
class Roof:
    """The ceilings of a platform in one precision, in MACs and in bytes per second.

    Each is the highest that was measured beside any latency: other processes only lower a rate.
    """

    peak: float
    bandwidth: float

    @property
    def ridge(self) -> float:
        """The MACs per byte where the limit changes from memory to computation."""
        return self.peak / self.bandwidth

    def at(self, intensity: float) -> float:
        """The MACs per second that the platform can reach at these MACs per byte."""
        return min(self.peak, self.bandwidth * intensity)


@dataclass(frozen=True)
class Rate:
    """The rate of a network at a point: its latency, the MACs and the bytes of the batch."""

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


@dataclass(frozen=True)
class Roofline:
    """The rates of one platform in one precision."""

    machine: str
    precision: str
    plot: Plot
    table: Table


def build_rooflines(measurements: Sequence[Measurement], colours: Colours) -> tuple[Roofline, ...]:
    """A roofline for each platform and precision with latencies of known MACs and traffic."""
    timed: dict[PlatformPrecision, list[Measurement]] = {}
    for m in measurements:
        if m.quantity == "latency" and m.status == "ok" and _has_ceilings(m):
            timed.setdefault((m.platform, m.point.precision), []).append(m)
    index = Index(measurements)
    found = ((key, latencies, _rates(latencies, index)) for key, latencies in sorted(timed.items()))
    return tuple(
        _roofline(*key, rates, _roof(latencies), colours)
        for key, latencies, rates in found
        if rates
    )


def _has_ceilings(latency: Measurement) -> bool:
    return all(latency.details.get("ceilings", {}).get(rate) for rate in RATES)


def _rates(latencies: Sequence[Measurement], index: Index) -> list[Rate]:
    """The rates of the inference latencies with known MACs and traffic."""
    rates = []
    for m in latencies:
        macs, traffic = index.figure(MACS, m.point), index.figure(TRAFFIC, m.point)
        if m.point.mode == "infer" and macs and traffic and m.value:
            rates.append(Rate(m, macs * m.point.batch, traffic))
    return rates


def _roof(latencies: Sequence[Measurement]) -> Roof:
    """The highest ceilings of all latencies, training steps included."""
    ceilings = [m.details["ceilings"] for m in latencies]
    peak, bandwidth = (max(one[rate] for one in ceilings) for rate in RATES)
    return Roof(peak, bandwidth)


def _roofline(
    platform: str, precision: str, rates: Sequence[Rate], roof: Roof, colours: Colours
) -> Roofline:
    plot = _draw(platform, precision, rates, roof, colours)
    return Roofline(platform, precision, plot, _table(rates, roof))


def _table(rates: Sequence[Rate], roof: Roof) -> Table:
    threads = threads_suffix(rates[0].latency.threads)
    return Table(
        f"{len(rates)} point{'s' if len(rates) > 1 else ''}{threads}",
        HEADINGS,
        tuple(
            (
                *point_cells(rate.latency.point),
                Cell(f"{rate.intensity:.2f}", rate.intensity),
                Cell(f"{rate.macs_per_second / 1e9:,.1f}", rate.macs_per_second),
                *(
                    Cell(f"{rate.macs_per_second / most:.0%}", rate.macs_per_second / most)
                    for most in (roof.peak, roof.at(rate.intensity))
                ),
            )
            for rate in rates
        ),
    ).compact()


def _draw(
    machine: str,
    precision: str,
    rates: Sequence[Rate],
    roof: Roof,
    colours: Colours,
) -> Plot:
    """The roof and the points below it."""
    peak, bandwidth, ridge = roof.peak, roof.bandwidth, roof.ridge
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
        threads = threads_suffix(rates[0].latency.threads)
        return drawing.plot(ident, f"Roofline, {precision}{threads}", finding)


def _label(rate: Rate) -> str:
    name, depth = _name(rate)
    where = f"{name}, depth {depth}" if depth else name
    return (
        f"{where}, {count_text(rate.latency.point.frames, 'frame')}: "
        f"{rate.macs_per_second / 1e9:,.1f} GMACs per second at {rate.intensity:.1f} MACs per byte"
    )


def _name(rate: Rate) -> tuple[str, int]:
    """The name of the network in plots, and its depth, 0 for none: they share a marker."""
    point = rate.latency.point
    return line_name(point.network, options_text(point.options)), point.depth or 0
