"""Arguments of a network and of a point."""

import sys
from argparse import ArgumentParser, Namespace
from typing import get_args

from pydantic import ValidationError

from bench.commands import UsageError
from bench.commands.options.common import add_model
from bench.records.point import Point
from bench.records.record import Scalar
from bench.text import printable
from bench.workload.networks import FILE_MARK, network_notes
from models.input_forms import CLIP, FORMS, INPUT, OUTPUT
from suites.fields import Execution, MemoryFormat, Mode, Precision
from suites.step import DEFAULT_STEP, Gradients, Optimizer, Parallel, StepOptions, Update

FRAMES = 16  # the frames of most of the paper's claims
CHOICES = {
    "mode": (Mode, "training step, or forward pass without gradients"),
    "precision": (Precision, "float32, float32 with TF32 products, or autocast"),
    "execution": (Execution, "operators one by one, or compiled by torch.compile"),
    "memory_format": (MemoryFormat, "memory format of the weights and the clip"),
}
STEP_CHOICES = {
    "optimizer": (Optimizer, "optimizer of a training step"),
    "update": (Update, "how the optimizer computes; PyTorch chooses by default"),
    "gradients": (Gradients, "what happens to gradients before the forward pass"),
    "parallel": (Parallel, "DistributedDataParallel, with copies of the gradients or with views"),
}
DEFAULTS = {name: field.default for name, field in Point.model_fields.items()}
NUMBERS = {
    "batch": "number of clips",
    "input_size": "side of a frame in pixels",
    "num_classes": "number of classes",
}


def add_point(parser: ArgumentParser) -> None:
    """Add the arguments that `point_of` reads."""
    add_network(parser, "measure")
    for name, meaning in NUMBERS.items():
        text = f"{meaning} (default: {DEFAULTS[name]})"
        parser.add_argument(_flag(name), type=int, default=DEFAULTS[name], help=text)
    for name in CHOICES:
        add_choice(parser, name)
    for name, (choices, meaning) in STEP_CHOICES.items():
        _add_choice(parser, name, choices, meaning, getattr(DEFAULT_STEP, name))
    parser.add_argument(
        "--accumulation",
        type=int,
        default=DEFAULT_STEP.accumulation,
        help="number of batches whose gradients are added up for one update (default: 1)",
    )


def add_choice(parser: ArgumentParser, name: str) -> None:
    """Add a field of a point with few values: `--mode`, `--precision`, ..."""
    _add_choice(parser, name, *CHOICES[name], DEFAULTS[name])


def _add_choice(
    parser: ArgumentParser, name: str, choices: object, meaning: str, default: str
) -> None:
    parser.add_argument(
        _flag(name),
        choices=get_args(choices),
        default=default,
        help=f"{meaning} (default: {default})",
    )


def add_network(parser: ArgumentParser, verb: str, *, is_needed: bool = True) -> None:
    """Add the arguments that name a network, the minimum that `point_of` needs."""
    network = parser.add_mutually_exclusive_group(required=is_needed)
    network.add_argument("network", nargs="?", help="name of a network (see 'blvbench models')")
    add_model(network, f"{verb} the network in your own file")
    parser.add_argument(
        "--depth", type=int, help="number of layers (default: 50 if the network has a choice)"
    )
    parser.add_argument(
        "--frames", type=int, default=FRAMES, help=f"number of input frames (default: {FRAMES})"
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="option of the network, such as window=5; may be repeated",
    )
    parser.add_argument(
        "--input",
        choices=tuple(FORMS),
        default=CLIP,
        help="form in which your own network takes a clip "
        f"({'; '.join(f'{name}: {form.meaning}' for name, form in FORMS.items())}; "
        f"default: {CLIP})",
    )
    parser.add_argument(
        "--output",
        metavar="NAME",
        default="",
        help="key, attribute or index of the logits in what your own network returns "
        "(default: logits, cls_score, out, and other usual names)",
    )


def point_of(arguments: Namespace, **others: object) -> Point:
    """The point with the fields of the arguments and of `others`.

    Raises `UsageError` for an impossible value.
    """
    given = {**vars(arguments), **others}
    fields = {name: value for name, value in given.items() if name in Point.model_fields}
    if FILE_MARK in (arguments.network or ""):
        raise UsageError(f"{arguments.network} is a file: give it with --model, which runs it")
    fields["network"] = arguments.network or arguments.model
    fields["options"] = dict(map(_option, arguments.option)) | form_options(arguments)
    step = {name: value for name, value in given.items() if name in StepOptions.model_fields}
    try:
        fields["step"] = StepOptions.model_validate(step)
        point = Point.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        flag = _flag(str(first["loc"][0]))
        raise UsageError(f"{flag}: {first['msg']}, not {first['input']!r}") from error
    if point.mode != "train" and point.step != DEFAULT_STEP:
        raise UsageError(f"{point.step}: options of a training step need --mode train")
    return point


def show_notes(point: Point) -> None:
    """Print what to know about the network of `point` on stderr."""
    for note in network_notes(point):
        print(printable(f"Note: {note}"), file=sys.stderr)


def form_options(arguments: Namespace) -> dict[str, str]:
    """The options of a point that `--input` and `--output` stand for.

    Raises `UsageError` if they are given for a network by its name.
    """
    given = {INPUT: arguments.input, OUTPUT: arguments.output}
    options = {name: value for name, value in given.items() if value not in (CLIP, "")}
    if options and not arguments.model:
        raise UsageError(
            f"{' and '.join(options)}: are for a network in your own file: give --model"
        )
    return options


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _option(text: str) -> tuple[str, Scalar]:
    """The name and the value of `name=value`: a number, true or false, or text."""
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
