"""Options of many commands: --model, --time-limit, and sizes in bytes."""

import math
import os
import re
from argparse import ArgumentParser, ArgumentTypeError, _MutuallyExclusiveGroup

from bench.machine.processes import TIME_LIMIT_S
from bench.workload.networks import FILE_MARK

SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kMGT]i?B)")
POWERS = {"k": 1, "M": 2, "G": 3, "T": 4}


def add_model(
    parser: ArgumentParser | _MutuallyExclusiveGroup, purpose: str, *, several: bool = False
) -> None:
    """Add `--model FILE.py:FACTORY`, which names a network in a user's file."""
    parser.add_argument(
        "--model",
        type=_factory,
        metavar="FILE.py:FACTORY",
        action="append" if several else "store",
        default=[] if several else None,
        help=f"{purpose}; this runs the file",
    )


def _factory(text: str) -> str:
    if FILE_MARK not in text:
        raise ArgumentTypeError(f"{text!r} has no factory: write path/to/file.py:factory")
    path, _, factory = text.rpartition(":")
    return f"{_one_spelling(path)}:{factory}"  # the path is part of a result's identity


def _one_spelling(path: str) -> str:
    """A path as it is for every spelling: relative inside of this folder, else absolute."""
    whole, here = os.path.realpath(path), os.path.realpath(os.curdir)
    return os.path.relpath(whole, here) if whole.startswith(here.rstrip("/") + os.sep) else whole


def add_time_limit(parser: ArgumentParser) -> None:
    """Add `--time-limit SECONDS`."""
    parser.add_argument(
        "--time-limit",
        type=_seconds,
        default=TIME_LIMIT_S,
        metavar="SECONDS",
        help=f"time limit of one measurement in a worker process (default: {TIME_LIMIT_S:g})",
    )


def size_bytes(text: str) -> int:
    """The bytes of a size such as `16GiB` (powers of 1024) or `16GB` (powers of 1000)."""
    match = SIZE.fullmatch(text.strip().replace("K", "k"))
    size = 0
    if match is not None:
        number, unit = match.groups()
        size = int(float(number) * (1024 if "i" in unit else 1000) ** POWERS[unit[0]])
    if not size:
        raise ArgumentTypeError(f"{text!r} is not a size: write a number and a unit, such as 16GiB")
    return size


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise ArgumentTypeError(f"{text!r} is not a time limit: write seconds, more than 0")
    return seconds
