"""What bLVNet-TAM's idea saves over TSN, and what its implementation saves, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from bench.records.measurement import Measurement
from bench.records.point import Point
from reports.tables import NOT_MEASURED, Cell, Show, Table
from suites.fields import Mode

FRAMES = 16  # the clip that the paper's claims are judged by, at a point's default size and classes
NETWORKS: tuple[tuple[str, dict[str, str]], ...] = (
    ("tsn", {}),
    ("blvnet_tam", {"formulation": "published"}),
    ("blvnet_tam", {}),
)
HEADINGS = (
    *("depth", "cost", "TSN", "bLVNet-TAM, published", "bLVNet-TAM, efficient"),
    *("the code as published: TSN / published", "the idea: TSN / efficient"),
    "the implementation: published / efficient",
)
MEASURED_BY = "blvbench run shapes --store FILE and blvbench run seconds --store FILE"


@dataclass(frozen=True)
class Cost:
    """A cost that the formulations are compared by, and how a figure of it is written."""

    title: str
    label: str
    show: Show
    batch: int = 1
    mode: Mode = "infer"


COSTS = (
    Cost("MACs of a clip (G)", "macs:flop_counter", lambda count: f"{count / 1e9:,.3f}"),
    *(
        Cost(
            f"peak memory to {mode}, batch 8 (MiB)",
            "memory:simulated",
            lambda count: f"{count / 2**20:,.0f}",
            batch=8,
            mode=mode,
        )
        for mode in ("train", "infer")
    ),
    *(
        Cost(
            f"latency to {mode}, batch {batch} (s)",
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
    """A row for each depth and cost, with the figures and how they divide.

    Latencies divide by pairs: each formulation was timed in turn with a TSN of its own. Without a
    figure of bLVNet-TAM there are no rows.
    """
    found = {(m.label, m.point, m.machine): m for m in measurements if m.status == "ok"}
    ours = {
        (m.point.depth, machine)
        for (_, _, machine), m in found.items()
        if m.point.network == "blvnet_tam" and m.point.frames == FRAMES
    }
    depths = sorted({depth for depth, _ in ours if depth is not None})
    machines = sorted({machine for _, machine in ours})
    rows = []
    for depth, cost, machine in product(depths, COSTS, machines):
        sides = [
            found.get((cost.label, _point(cost, name, depth, options), machine))
            for name, options in NETWORKS
        ]
        if any(sides):
            rows.append(_row(depth, cost, machine, sides))
    is_complete = all(cell != NOT_MEASURED for row in rows for cell in row)
    notes = () if is_complete else (f"What is not measured would be by {MEASURED_BY}.",)
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
    implementation = _quotient(idea, as_published)
    return (
        Cell(str(depth), depth),
        Cell(f"{cost.title}, {machine}" if machine else cost.title),
        *(_cell(None if side is None else side.value, cost.show) for side in sides),
        *(_cell(saved, "{:.3f}".format) for saved in (as_published, idea, implementation)),
    )


def _saving(tsn: Measurement | None, other: Measurement | None) -> float | None:
    """How many times more TSN needs, by its samples of the same rounds where there are some."""
    if other is not None and other.reference is not None:
        return other.saving
    return _quotient(*(None if side is None else side.value for side in (tsn, other)))


def _quotient(over: float | None, under: float | None) -> float | None:
    return over / under if over is not None and under else None


def _cell(value: float | None, show: Show) -> Cell:
    return NOT_MEASURED if value is None else Cell(show(value), float(value))
