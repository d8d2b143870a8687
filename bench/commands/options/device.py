"""The device and the threads of a training run or an evaluation."""

from argparse import ArgumentParser, Namespace
from typing import get_args

from bench.commands import UsageError
from bench.machine.environment import has_device, usable_cores
from bench.records.point import Device


def add_device(parser: ArgumentParser) -> None:
    """Add `--device` and `--threads`."""
    parser.add_argument(
        "--device",
        choices=get_args(Device),
        help="device to compute on (default: cuda if there is one, else cpu)",
    )
    parser.add_argument(
        "--threads", type=int, help="number of threads on a CPU (default: one for each core)"
    )


def find_device(arguments: Namespace) -> Device:
    """The device to compute on."""
    found: Device = arguments.device or ("cuda" if has_device("cuda") else "cpu")
    return found


def thread_count(arguments: Namespace) -> int:
    """The number of threads on a CPU."""
    if arguments.threads is not None and arguments.threads < 1:
        raise UsageError(f"--threads must be at least 1, not {arguments.threads}")
    return arguments.threads or usable_cores()
