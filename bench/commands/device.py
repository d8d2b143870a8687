"""The arguments that say what a training or an evaluation computes on."""

from argparse import ArgumentParser, Namespace
from typing import get_args

from bench.commands import UsageError
from bench.machine.environment import has_device, usable_cores
from bench.records.point import Device


def add_device(parser: ArgumentParser) -> None:
    """Give a command `--device` and `--threads`."""
    parser.add_argument(
        "--device",
        choices=get_args(Device),
        help="what computes (default: cuda where there is one, else cpu)",
    )
    parser.add_argument(
        "--threads", type=int, help="that a CPU computes with (default: the usable cores)"
    )


def device_of(arguments: Namespace) -> Device:
    """What to compute on."""
    found: Device = arguments.device or ("cuda" if has_device("cuda") else "cpu")
    return found


def threads_of(arguments: Namespace) -> int:
    """How many threads a CPU computes with."""
    if arguments.threads is not None and arguments.threads < 1:
        raise UsageError(f"--threads must be at least 1, not {arguments.threads}")
    return arguments.threads or usable_cores()
