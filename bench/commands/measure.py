"""`blvbench measure`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bench.commands import FAILED, UsageError
from bench.commands.options.common import add_time_limit, size_bytes
from bench.commands.options.point import add_point, point_of
from bench.commands.output import add_json, format_value, print_json, print_table, progress_bar
from bench.errors import BenchError
from bench.records.measurement import Measurement
from bench.records.point import Point
from bench.workload.networks import build_on_meta, configure

if TYPE_CHECKING:
    from bench.runs.tasks import Task

QUANTITIES = "params,macs,memory"  # fast, and equal on every machine


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_point(parser)
    parser.add_argument(
        "--quantity",
        help="quantities to measure, separated by commas, such as latency or macs:fvcore "
        f"(default: {QUANTITIES})",
    )
    parser.add_argument(
        "--per-layer",
        action="store_true",
        help="list MACs, parameters and activation bytes of each module instead",
    )
    parser.add_argument(
        "--max-batch",
        action="store_true",
        help="find the largest batch that fits in memory instead: by simulation, then on the GPU "
        "if there is one",
    )
    parser.add_argument(
        "--memory",
        type=size_bytes,
        metavar="SIZE",
        help="memory limit for --max-batch, such as 16GiB (default: the memory of the GPU)",
    )
    add_time_limit(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Measure one network at one point. The exit code is 1 if a measurement failed."""
    from bench.runs.tasks import make_task  # imports torch, which --help does not need

    point = configure(point_of(arguments))
    if arguments.memory is not None and not arguments.max_batch:
        raise UsageError("--memory is the memory limit for --max-batch: give both")
    if arguments.per_layer:
        if arguments.quantity or arguments.max_batch or arguments.mode != "infer":
            raise UsageError(
                "--per-layer lists a forward pass: leave out --quantity, --mode and --max-batch"
            )
        return _per_layer(point, as_json=arguments.json)
    build_on_meta(point)  # an impossible network is bad input, not a failed measurement
    if arguments.max_batch:
        if arguments.quantity or arguments.batch != 1:
            raise UsageError("--max-batch finds the batch: leave out --batch and --quantity")
        return _max_batch(point, arguments.memory, as_json=arguments.json)
    quantities = (arguments.quantity or QUANTITIES).split(",")
    tasks = [make_task(point, quantity.strip()) for quantity in quantities]
    with progress_bar(len(tasks), point.network) as advance:
        measurements = [advance(m) for m in _measure(tasks, arguments.time_limit)]
    if arguments.json:
        print_json([m.as_json() for m in measurements])
    else:
        print_table(
            ("quantity", "value", "instrument", "point"),
            [(m.quantity, format_value(m), m.instrument, m.point) for m in measurements],
        )
        for warning in dict.fromkeys(f"{m.label}: {w}" for m in measurements for w in m.warnings):
            print(f"Warning: {warning}")
    return 0 if all(m.status == "ok" for m in measurements) else FAILED


def _measure(tasks: "Sequence[Task]", time_limit_s: float) -> Iterator[Measurement]:
    """Measure `tasks` in their order; those that depend on the machine in fresh processes."""
    from bench.runs.workers import measure_tasks

    for task in tasks:
        if task.instrument.device:
            yield from (m for _, m in measure_tasks([task], jobs=1, time_limit_s=time_limit_s))
        else:
            yield task.measure()


def _max_batch(point: Point, memory_bytes: int | None, *, as_json: bool) -> int:
    """Print the largest batch of `point` in `memory_bytes`, or in the memory of the GPU."""
    row = _find_max_batch(point, memory_bytes)
    if as_json:
        print_json([row])
        return 0
    names = ("memory_bytes", "simulated_peak_bytes", "simulated_next_bytes")
    sizes = [f"{row[name] / 2**20:,.0f} MiB" for name in names]
    print_table(
        (
            "largest batch",
            "simulated",
            "memory",
            "simulated peak",
            "simulated peak of batch + 1",
            "confirmed",
        ),
        [(row["batch"], row["simulated_batch"], *sizes, row["confirmed"])],
    )
    return 0


def _find_max_batch(point: Point, memory_bytes: int | None) -> dict[str, Any]:
    """The largest batch and its peaks, as JSON types; confirmed on the GPU if there is one."""
    from bench.choice import max_batch
    from bench.machine.environment import current_environment

    on_gpu = current_environment("cuda")
    capacity_bytes = memory_bytes or on_gpu.accelerator_memory_bytes
    if not capacity_bytes:
        raise UsageError("this machine has no CUDA device: give --memory SIZE, such as 16GiB")
    if on_gpu.accelerator and capacity_bytes > on_gpu.accelerator_memory_bytes:
        raise UsageError(f"--memory is more than {on_gpu.machine} has: leave it out")
    with progress_bar(2, "simulated, then run") as advance:
        batch = simulated = advance(max_batch.simulate_largest_batch(point, capacity_bytes))
        if on_gpu.accelerator:
            batch = max_batch.confirm_largest_batch(point, "cuda", capacity_bytes, simulated)
        advance(None)
    if not batch:
        need = max_batch.simulated_peak(point, 1) / 2**20
        raise BenchError(
            f"{point}: one clip needs {need:,.0f} MiB: give more memory, or another network"
        )
    confirmed = f"run on {on_gpu.machine}" if on_gpu.accelerator else "not run: no CUDA device"
    return {
        "point": str(point.model_copy(update={"batch": batch})),
        "batch": batch,
        "simulated_batch": simulated,
        "memory_bytes": capacity_bytes,
        "simulated_peak_bytes": max_batch.simulated_peak(point, batch),
        "simulated_next_bytes": max_batch.simulated_peak(point, batch + 1),
        "confirmed": confirmed,
    }


def _per_layer(point: Point, *, as_json: bool) -> int:
    """Print the costs of every module of the network at `point`, and their sums."""
    from bench.instruments.layers import Layer, count
    from models.user_file import contained

    with contained():
        rows = count(build_on_meta(point), point.clip_shape)
    if as_json:
        print_json([asdict(row) for row in rows])
        return 0
    totals = Layer(
        name=f"all {len(rows)} modules",
        kind="",
        params=sum(row.params for row in rows),
        macs=sum(row.macs for row in rows),
        activation_bytes=sum(row.activation_bytes for row in rows),
        output_shape=(),
    )
    print_table(
        ("module", "kind", "output", "parameters", "MACs/clip", "activation bytes"),
        [
            (
                row.name,
                row.kind,
                " x ".join(map(str, row.output_shape)),
                f"{row.params:,}",
                f"{row.macs:,}",
                f"{row.activation_bytes:,}",
            )
            for row in (*rows, totals)
        ],
    )
    return 0
