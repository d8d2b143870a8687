"""The savings of bLVNet-TAM over TSN: by its idea, and by the implementation of both.

The idea is what is left where both networks are computed alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from bench.claims.findings import Ratio, is_reference_of
from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.records.point import Point
from reports.tables import NOT_MEASURED, Cell, Formatter, Table, format_mib
from suites.fields import Mode

FRAMES = 16  # of a clip, as in the cases of the claims; size and classes are the defaults
NETWORKS = ("tsn", "blvnet_tam")
FORMULATIONS: tuple[dict[str, str], ...] = ({"formulation": "published"}, {})
Pair = tuple[Measurement | None, Measurement | None]  # TSN and bLVNet-TAM
HEADINGS = (
    "depth",
    "cost",
    "TSN, published",
    "bLVNet-TAM, published",
    "as published: TSN / bLVNet-TAM",
    "TSN, efficient",
    "bLVNet-TAM, efficient",
    "idea: TSN / bLVNet-TAM, both efficient",
    "implementation of TSN: published / efficient",
    "implementation of bLVNet-TAM: published / efficient",
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
    """A row for each depth and cost, with the figures of both formulations and their ratios.

    TSN's latency is that of the rounds in which it was timed in turn with bLVNet-TAM. There are no
    rows without a figure of bLVNet-TAM.
    """
    index = Index(m for m in measurements if m.status == "ok")
    ours = {
        (m.point.depth, m.platform)
        for m in index
        if m.point.network == "blvnet_tam" and m.point.frames == FRAMES
    }
    depths = sorted({depth for depth, _ in ours if depth is not None})
    platforms = sorted({platform for _, platform in ours})
    rows = []
    for depth, cost, platform in product(depths, COSTS, platforms):
        pairs = [_pair(cost, depth, options, platform, index) for options in FORMULATIONS]
        if any(side for pair in pairs for side in pair):
            rows.append(_row(depth, cost, platform, pairs))
    is_complete = all(cell != NOT_MEASURED for row in rows for cell in row)
    notes = () if is_complete else (f"To measure what is missing: {MEASURED_BY}.",)
    return Table(f"clips of {FRAMES} frames", HEADINGS, tuple(rows), notes)


def _pair(cost: Cost, depth: int, options: dict[str, str], platform: str, index: Index) -> Pair:
    """TSN and bLVNet-TAM of one formulation; TSN in the rounds in which both were timed in turn."""
    points = [
        Point(
            network=network,
            depth=depth,
            frames=FRAMES,
            batch=cost.batch,
            mode=cost.mode,
            options=tuple(options.items()),
        )
        for network in NETWORKS
    ]
    tsn, ours = (index.by_platform(cost.label, one).get(platform) for one in points)
    if ours and is_reference_of(points[0], ours):
        tsn = ours.reference_measurement
    return tsn, ours


def _row(depth: int, cost: Cost, platform: str, pairs: Sequence[Pair]) -> tuple[Cell, ...]:
    published, efficient = pairs
    return (
        Cell(str(depth), depth),
        Cell(f"{cost.title}, {platform}" if platform else cost.title),
        *(
            cell
            for pair in pairs
            for cell in (*(_figure(side, cost.formatter) for side in pair), _ratio(*pair))
        ),
        *(_ratio(*sides) for sides in zip(published, efficient, strict=True)),
    )


def _figure(side: Measurement | None, write: Formatter) -> Cell:
    return NOT_MEASURED if side is None else Cell(write(side.value), float(side.value))


def _ratio(over: Measurement | None, under: Measurement | None) -> Cell:
    """The ratio with its interval: of the pairs that were taken in turn, else of the medians."""
    if over is None or under is None or not all(under.samples):
        return NOT_MEASURED
    found = Ratio.of(over, under)
    return Cell(found.figure, found.value)
