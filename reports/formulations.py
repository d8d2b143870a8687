"""The savings of bLVNet-TAM over TSN: by its idea, and by its implementation."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.records.point import Point
from reports.tables import NOT_MEASURED, Cell, Formatter, Table, format_mib
from suites.fields import Mode

FRAMES = 16  # of a clip, as in the cases of the claims; size and classes are the defaults
NETWORKS: tuple[tuple[str, dict[str, str]], ...] = (
    ("tsn", {}),
    ("blvnet_tam", {"formulation": "published"}),
    ("blvnet_tam", {}),
)
HEADINGS = (
    "depth",
    "cost",
    "TSN",
    "bLVNet-TAM, published",
    "bLVNet-TAM, efficient",
    "published code: TSN / published",
    "idea: TSN / efficient",
    "implementation: published / efficient",
)
MEASURED_BY = "blvbench run shapes --store FILE and blvbench run seconds --store FILE"


@dataclass(frozen=True)
class Cost:
    """A cost of the formulations, and how its figures are written."""

    title: str
    label: str
    formatter: Formatter
    batch: int = 1
    mode: Mode = "infer"


COSTS = (
    Cost("MACs of a clip (G)", "macs:flop_counter", lambda count: f"{count / 1e9:,.3f}"),
    *(
        Cost(
            f"peak memory, {mode}, batch 8 (MiB)",
            "memory:simulated",
            format_mib,
            batch=8,
            mode=mode,
        )
        for mode in ("train", "infer")
    ),
    *(
        Cost(
            f"latency, {mode}, batch {batch} (s)",
            f"latency:{device}",
            "{:,.3f}".format,
            batch=batch,
            mode=mode,
        )
        for device, batch in (("cpu", 1), ("cuda", 8))
        for mode in ("train", "infer")
    ),
)


def build_formulations(measurements: Sequence[Measurement]) -> Table:
    """A row for each depth and cost, with the figures and their ratios.

    The ratio of two latencies is that of their pairs: each formulation was timed in turn with a
    TSN. There are no rows without a figure of bLVNet-TAM.
    """
    index = Index(m for m in measurements if m.status == "ok")
    ours = {
        (m.point.depth, m.platform)
        for m in index
        if m.point.network == "blvnet_tam" and m.point.frames == FRAMES
    }
    depths = sorted({depth for depth, _ in ours if depth is not None})
    machines = sorted({machine for _, machine in ours})
    rows = []
    for depth, cost, machine in product(depths, COSTS, machines):
        sides = [
            index.by_platform(cost.label, _point(cost, name, depth, options)).get(machine)
            for name, options in NETWORKS
        ]
        if any(sides):
            rows.append(_row(depth, cost, machine, sides))
    is_complete = all(cell != NOT_MEASURED for row in rows for cell in row)
    notes = () if is_complete else (f"To measure what is missing: {MEASURED_BY}.",)
    return Table(f"clips of {FRAMES} frames", HEADINGS, tuple(rows), notes)


def _point(cost: Cost, network: str, depth: int, options: dict[str, str]) -> Point:
    return Point(
        network=network,
        depth=depth,
        frames=FRAMES,
        batch=cost.batch,
        mode=cost.mode,
        options=tuple(options.items()),
    )


def _row(
    depth: int, cost: Cost, machine: str, sides: Sequence[Measurement | None]
) -> tuple[Cell, ...]:
    tsn, published, efficient = sides
    as_published, idea = _saving(tsn, published), _saving(tsn, efficient)
    implementation = _divide(idea, as_published)
    return (
        Cell(str(depth), depth),
        Cell(f"{cost.title}, {machine}" if machine else cost.title),
        *(_cell(None if side is None else side.value, cost.formatter) for side in sides),
        *(_cell(saved, "{:.3f}".format) for saved in (as_published, idea, implementation)),
    )


def _saving(tsn: Measurement | None, other: Measurement | None) -> float | None:
    """The ratio of TSN to the other network, by pairs of samples if they were timed in turn."""
    if other is not None and other.reference is not None:
        return other.saving
    return _divide(*(None if side is None else side.value for side in (tsn, other)))


def _divide(over: float | None, under: float | None) -> float | None:
    return over / under if over is not None and under else None


def _cell(value: float | None, write: Formatter) -> Cell:
    return NOT_MEASURED if value is None else Cell(write(value), float(value))
