"""`blvbench measure`."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import get_args

from pydantic import ValidationError

from bench.commands import FAILED, UsageError
from bench.commands.arguments import add_model
from bench.commands.output import add_json, format_value, print_json, print_table, progress_bar
from bench.instruments import INSTRUMENTS
from bench.networks import FILE_MARK, build_on_meta, configured
from bench.records import Mode, Point, Scalar

QUANTITIES = ",".join(dict.fromkeys(i.quantity for i in INSTRUMENTS if not i.timed))


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    defaults = {name: field.default for name, field in Point.model_fields.items()}
    network = parser.add_mutually_exclusive_group(required=True)
    network.add_argument("network", nargs="?", help="a name that 'blvbench models' lists")
    add_model(network, "measure the network of a file of your own")
    parser.add_argument("--depth", type=int, help="layers (default: 50, where there is a choice)")
    parser.add_argument("--frames", type=int, default=16, help="input frames (default: 16)")
    parser.add_argument("--batch", type=int, default=defaults["batch"], help="clips (default: 1)")
    parser.add_argument(
        "--mode", choices=get_args(Mode), default=defaults["mode"], help="default: infer"
    )
    parser.add_argument(
        "--input-size", type=int, default=defaults["input_size"], help="pixels (default: 224)"
    )
    parser.add_argument(
        "--num-classes", type=int, default=defaults["num_classes"], help="default: 174"
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the network, such as window=5; may be repeated",
    )
    parser.add_argument(
        "--quantity",
        help=f"what to measure, by commas, each with :instrument if wanted (default: {QUANTITIES})",
    )
    parser.add_argument(
        "--per-layer",
        action="store_true",
        help="instead, list MACs, parameters and activation bytes by module",
    )
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Measure one network at one point; exit 1 where a measurement failed."""
    from bench.tasks import task  # imports torch, which --help need not wait for

    point = configured(_point(arguments))
    if arguments.per_layer:
        if arguments.quantity or arguments.mode != "infer":
            raise UsageError("--per-layer lists a forward pass: leave --quantity and --mode out")
        return _per_layer(point, as_json=arguments.json)
    quantities = (arguments.quantity or QUANTITIES).split(",")
    tasks = [task(point, quantity.strip()) for quantity in quantities]
    build_on_meta(point)  # what cannot be built at all is bad input, not a failed measurement
    with progress_bar(len(tasks), point.network) as advance:
        measurements = [advance(t.measure()) for t in tasks]
    if arguments.json:
        print_json([m.as_json() for m in measurements])
    else:
        print_table(
            ("quantity", "value", "instrument", "point"),
            [(m.quantity, format_value(m), m.instrument, m.point) for m in measurements],
        )
    return 0 if all(m.status == "ok" for m in measurements) else FAILED


def _per_layer(point: Point, *, as_json: bool) -> int:
    """List what every module of the network at `point` costs, and the sum."""
    from bench.layers import Layer, count
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


def _point(arguments: Namespace) -> Point:
    fields = {name: getattr(arguments, name) for name in Point.model_fields if name != "options"}
    if FILE_MARK in (arguments.network or ""):
        raise UsageError(f"name the file with --model {arguments.network}, which runs it")
    fields["network"] = arguments.network or arguments.model
    fields["options"] = dict(map(_option, arguments.option))
    try:
        return Point.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        flag = str(first["loc"][0]).replace("_", "-")
        raise UsageError(f"--{flag}: {first['msg']}, not {first['input']!r}") from error


def _option(text: str) -> tuple[str, Scalar]:
    """`name=value`, with a number as a number and true or false as such."""
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--option takes NAME=VALUE, not {text!r}")
    if value in ("true", "false"):
        return name, value == "true"
    for number in (int, float):
        try:
            return name, number(value)
        except ValueError:
            continue
    return name, value
