"""Arguments that several commands share."""

import os
from argparse import ArgumentParser, ArgumentTypeError, _MutuallyExclusiveGroup

from bench.networks import FILE_MARK


def add_model(
    parser: ArgumentParser | _MutuallyExclusiveGroup, what: str, *, several: bool = False
) -> None:
    """Give a command `--model FILE.py:FACTORY`, for networks in files of the user's own."""
    parser.add_argument(
        "--model",
        type=_factory,
        metavar="FILE.py:FACTORY",
        action="append" if several else "store",
        default=[] if several else None,
        help=f"{what}; this runs the file",
    )


def _factory(text: str) -> str:
    if FILE_MARK not in text:
        raise ArgumentTypeError(f"{text!r} names no factory: write path/to/file.py:factory")
    path, _, factory = text.rpartition(":")
    return f"{os.path.normpath(path)}:{factory}"  # a spelling is part of a result's identity
