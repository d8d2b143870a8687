"""Invented results for reports of several sizes. They are the same in every process."""

from collections.abc import Iterator
from itertools import product
from typing import Any, get_args

from bench.machine.environment import current_environment
from bench.records.measurement import Environment, Measurement, Reference, Status
from bench.records.point import Point
from tests.records import measurement, point

# At depth 50: GMACs per frame, millions of parameters, and MiB per frame in training.
GIGA, MEGA, MIB = 10**9, 10**6, 2**20
COSTS = {
    "tsn": (4.1, 24.0, 86),
    "tsm": (4.1, 24.0, 88),
    "tam": (4.2, 24.1, 90),
    "i3d_resnet": (6.3, 46.5, 97),
    "blvnet": (1.1, 25.0, 47),
    "blvnet_tam": (1.2, 25.2, 50),
    "i3d": (3.4, 12.7, 61),
}
ONE_DEPTH = "i3d"
PUBLISHED = {"formulation": "published"}
BUILDS = (*((name, {}) for name in COSTS), ("blvnet", PUBLISHED), ("blvnet_tam", PUBLISHED))
FORMULAS = ("=1+1", "+x", "-x", "@x")  # names of networks that a spreadsheet reads as formulas

GPU = {"accelerator": "Invented GPU", "accelerator_memory_bytes": 80 * 2**30}
CPU = {"processor": "Invented CPU", "cores": 2, "memory_bytes": 8 * 2**30, "system": "Linux"}
CEILINGS = {"ceilings": {"macs_per_second": 4e12, "bytes_per_second": 2e11}}
ROUNDS = (0.97, 0.98, 0.99, 1.0, 1.01, 1.02, 1.04)

NO_FIGURE = tuple(status for status in get_args(Status) if status != "ok")
RICH_FRAMES = (8, 16, 32, 64)
MANY_FRAMES = tuple(range(4, 92, 4))


def rich() -> list[Measurement]:
    """About a thousand records, with content for every section of the report."""
    return [*_grid(RICH_FRAMES), *_counted_twice(), *_formulas(), *_accuracies(), *failures()]


def many() -> list[Measurement]:
    """A little more than five thousand records, over more frames."""
    return [*_grid(MANY_FRAMES), *_counted_twice(), *_accuracies(), *failures()]


def one() -> list[Measurement]:
    """The records of one point."""
    return [*_counts(point()), *_memory(point()), _timed(point(), "cpu")]


def failures() -> list[Measurement]:
    """Records without a figure, for every status."""
    return [
        measurement(
            point(network="i3d_resnet", depth=101, frames=96 + frames, mode="train"),
            quantity="memory",
            instrument="cuda",
            unit="bytes",
            status=status,
            samples=(),
            reason=f"no figure: {status}",
            environment=_machine("cuda"),
        )
        for frames, status in enumerate(4 * NO_FIGURE)
    ]


def changed() -> list[Measurement]:
    """A part of the rich results, to compare with `then`."""
    return [m for m in rich() if m.point.frames == 16][:200]


def then() -> list[Measurement]:
    """Older results of that part: two of three figures are twice as large, some are missing."""
    return [
        m.model_copy(update={"samples": tuple(2 * sample for sample in m.samples)})
        if number % 3
        else m
        for number, m in enumerate(changed())
        if number % 7
    ]


def _grid(frames: tuple[int, ...]) -> Iterator[Measurement]:
    for (network, options), depth, count in product(BUILDS, (50, 101), frames):
        if network == ONE_DEPTH and depth != 50:
            continue
        fields: dict[str, Any] = {"network": network, "options": options, "frames": count}
        fields["depth"] = None if network == ONE_DEPTH else depth
        yield from _counts(point(**fields))
        for batch, mode in product((1, 8), ("train", "infer")):
            where = point(**fields, batch=batch, mode=mode)
            yield from _memory(where)
            yield _timed(where, "cpu")
        yield _timed(point(**fields, batch=8, precision="bf16"), "cuda")
    for network, count in product(COSTS, frames):
        yield from _on_gpu(point(network=network, frames=count, depth=_depth(network)))


def _depth(network: str) -> int | None:
    return None if network == ONE_DEPTH else 50


def _scale(where: Point) -> float:
    """The factor of a cost by depth and formulation."""
    return (2.0 if where.depth == 101 else 1.0) * (1.2 if where.options else 1.0)


def _counts(where: Point) -> Iterator[Measurement]:
    macs, params, _ = COSTS[where.network]
    count = int(macs * GIGA * where.frames * _scale(where))
    size = int(params * MEGA * (1.8 if where.depth == 101 else 1.0))
    yield measurement(where, samples=(count,), details={"by_operator": {"conv": count}})
    yield measurement(
        where, quantity="params", instrument="shapes", unit="parameters", samples=(size,)
    )
    yield measurement(
        where, quantity="traffic", instrument="operators", unit="bytes", samples=(count // 5,)
    )


def _peak(where: Point) -> int:
    share = 1.0 if where.mode == "train" else 0.2
    held = COSTS[where.network][2] * MIB * where.frames * where.batch
    return int(held * _scale(where) * share) + 200 * MIB


def _memory(where: Point) -> Iterator[Measurement]:
    peak = {"quantity": "memory", "unit": "bytes"}
    yield measurement(where, **peak, instrument="simulated", samples=(_peak(where),))
    if where.batch == 8 and where.mode == "train":
        yield measurement(
            where,
            **peak,
            instrument="cuda",
            samples=(int(1.02 * _peak(where)),),
            details={"allocator": {"reserved": 2 * _peak(where)}},
            environment=_machine("cuda"),
        )


def _timed(where: Point, device: str) -> Measurement:
    """A latency timed in turn with a TSN, on one of two machines; some have a warning."""
    own, reference = _seconds(where, device), None
    if where.network != "tsn":
        tsn = where.model_copy(update={"network": "tsn", "options": (), "depth": where.depth or 50})
        seconds = _seconds(tsn, device)
        reference = Reference(point=tsn, samples=tuple(seconds * r for r in ROUNDS))
    return measurement(
        where,
        quantity="latency",
        instrument=device,
        unit="seconds",
        samples=tuple(own * r for r in ROUNDS),
        reference=reference,
        details=CEILINGS,
        environment=_machine(device),
        warnings=("the machine was busy",) if where.frames % 10 == 8 else (),
    )


def _seconds(where: Point, device: str) -> float:
    macs = COSTS[where.network][0] * where.frames * where.batch * _scale(where)
    return macs / (2000 if device == "cuda" else 40) * (3 if where.mode == "train" else 1)


def _on_gpu(where: Point) -> Iterator[Measurement]:
    rate = 1 / _seconds(where, "cuda")
    for quantity, instrument, unit, figure in (
        ("throughput", "cuda", "clips/s", rate),
        ("energy", "nvml", "joules", 300 / rate),
    ):
        yield measurement(
            where,
            quantity=quantity,
            instrument=instrument,
            unit=unit,
            samples=tuple(figure * r for r in ROUNDS),
            environment=_machine("cuda"),
        )


def _machine(device: str) -> Environment:
    return current_environment().model_copy(update=CPU | (GPU if device == "cuda" else {}))


def _counted_twice() -> Iterator[Measurement]:
    for network, instrument in product(COSTS, ("flop_counter", "fvcore")):
        where = point(network=network, depth=_depth(network), frames=4, input_size=64)
        yield measurement(where, instrument=instrument, samples=(10**8 + len(network),))


def _formulas() -> Iterator[Measurement]:
    for number, name in enumerate(FORMULAS):
        yield measurement(point(network=name, frames=16), samples=((number + 1) * 10**9,))


def _accuracies() -> Iterator[Measurement]:
    """Networks trained here with two seeds, and evaluated here on the paper's data set."""
    for number, network in enumerate(("tsn", "tsm", "tam", "i3d_resnet", "blvnet", "blvnet_tam")):
        narrow = point(
            network=network, depth=18, options={"width": 0.25}, input_size=64, num_classes=16
        )
        yield measurement(narrow, samples=((number + 2) * 10**7,))
        for frames, seed in product((8, 16), (0, 1)):
            trained = {"frames": frames, "seed": seed, "dataset": "arrow-of-time"}
            right = 25 + 4 * number + frames // 8 + seed
            details = {"group_sizes": {"adjacent": 20, "long": 20, "fast": 20}}
            yield _answered(narrow.model_copy(update=trained), "trained", right, 60, details)
        of_paper = point(network=network, frames=16, dataset="something-something-v2")
        yield _answered(of_paper, "evaluated", 50 + number, 100, {})


def _answered(
    where: Point, instrument: str, right: int, clips: int, details: dict[str, dict[str, int]]
) -> Measurement:
    return measurement(
        where,
        quantity="accuracy",
        instrument=instrument,
        unit="percent",
        samples=(100,) * right + (0,) * (clips - right),
        details={**details, "top5": {"percent": 95.0}},
        settings={"clips": f"digest of {clips}"},
    )
