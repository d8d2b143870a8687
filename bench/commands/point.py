"""The arguments that name a network and a point, and the point they make."""

from argparse import ArgumentParser, Namespace
from typing import get_args

from pydantic import ValidationError

from bench.commands import UsageError
from bench.commands.arguments import add_model
from bench.records.point import Point
from bench.records.record import Scalar
from bench.workload.networks import FILE_MARK
from suites.fields import Execution, MemoryFormat, Mode, Precision

FRAMES = 16  # of the clip that the paper's claims are judged by
CHOICES = {
    "mode": (Mode, "what a step is"),
    "precision": (Precision, "that of autocast, and of products in float32"),
    "execution": (Execution, "operator by operator, or by torch.compile"),
    "memory_format": (MemoryFormat, "that of the weights and the clip"),
}
DEFAULTS = {name: field.default for name, field in Point.model_fields.items()}
NUMBERS = {"batch": "clips", "input_size": "pixels", "num_classes": "classes"}


def add_point(parser: ArgumentParser) -> None:
    """Give a command the arguments that `point_of` reads."""
    add_network(parser, "measure")
    for name, unit in NUMBERS.items():
        what = f"{unit} (default: {DEFAULTS[name]})"
        parser.add_argument(_flag(name), type=int, default=DEFAULTS[name], help=what)
    for name in CHOICES:
        add_choice(parser, name)


def add_choice(parser: ArgumentParser, name: str) -> None:
    """Give a command a field of a point of which there are few: `--mode`, `--precision`, ..."""
    choices, what = CHOICES[name]
    parser.add_argument(
        _flag(name),
        choices=get_args(choices),
        default=DEFAULTS[name],
        help=f"{what} (default: {DEFAULTS[name]})",
    )


def add_network(parser: ArgumentParser, verb: str, *, is_needed: bool = True) -> None:
    """Give a command the arguments that name a network: the least that `point_of` reads."""
    network = parser.add_mutually_exclusive_group(required=is_needed)
    network.add_argument("network", nargs="?", help="a name that 'blvbench models' lists")
    add_model(network, f"{verb} the network of a file of your own")
    parser.add_argument("--depth", type=int, help="layers (default: 50, where there is a choice)")
    parser.add_argument(
        "--frames", type=int, default=FRAMES, help=f"input frames (default: {FRAMES})"
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the network, such as window=5; may be repeated",
    )


def point_of(arguments: Namespace, **others: object) -> Point:
    """The point that the arguments and `others` name.

    Raises `UsageError` for one that makes no sense.
    """
    given = {**vars(arguments), **others}
    fields = {name: value for name, value in given.items() if name in Point.model_fields}
    if FILE_MARK in (arguments.network or ""):
        raise UsageError(f"name the file with --model {arguments.network}, which runs it")
    fields["network"] = arguments.network or arguments.model
    fields["options"] = dict(map(_option, arguments.option))
    try:
        return Point.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        flag = _flag(str(first["loc"][0]))
        raise UsageError(f"{flag}: {first['msg']}, not {first['input']!r}") from error


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


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
