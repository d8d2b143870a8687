"""`blvbench measure`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from bench.commands import FAILED, UsageError
from bench.commands.options.common import add_time_limit
from bench.commands.options.point import add_point, point_of
from bench.commands.output import add_json, format_value, print_json, print_table, progress_bar
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
    add_time_limit(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Measure one network at one point. The exit code is 1 if a measurement failed."""
    from bench.runs.tasks import make_task  # imports torch, which --help does not need

    point = configure(point_of(arguments))
    if arguments.per_layer:
        if arguments.quantity or arguments.mode != "infer":
            raise UsageError("--per-layer lists a forward pass: leave out --quantity and --mode")
        return _per_layer(point, as_json=arguments.json)
    build_on_meta(point)  # an impossible network is bad input, not a failed measurement
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
