"""`blvbench import`."""

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from bench.commands import UsageError
from bench.errors import BenchError
from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.recorded import FOLDER, read_results, write
from bench.wording import count_text

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "file",
        type=Path,
        help="figures to import: a store, the results.json of a report, or a recorded file",
    )
    parser.add_argument("--name", help="name of the recorded file (default: the machine's name)")
    parser.add_argument(
        "--into",
        type=Path,
        default=FOLDER,
        help="folder to write into (default: the bundled folder)",
    )


def add_recorded(parser: ArgumentParser) -> None:
    """Add `--recorded FOLDER`, for figures of other machines beside those of a store."""
    parser.add_argument(
        "--recorded",
        type=Path,
        default=FOLDER,
        metavar="FOLDER",
        help="figures of other machines (default: the bundled figures)",
    )


def run(arguments: Namespace) -> int:
    """Add the figures of a file to the recorded ones."""
    if arguments.name is not None and not NAME.fullmatch(arguments.name):
        raise UsageError(
            f"--name must be small letters, digits and single hyphens, not {arguments.name!r}"
        )
    figures = select_figures(read_results(arguments.file))
    if not figures:
        raise BenchError(
            f"{arguments.file}: has no figure that depends on a machine: "
            "import results of 'blvbench run latency' or 'blvbench run gpu'"
        )
    path = arguments.into / f"{arguments.name or _file_name(figures)}.json"
    recorded = write(path, figures)
    machines = sorted({m.machine for m in recorded} - {""})
    print(f"{path}: {count_text(len(recorded), 'record')}, of {'; '.join(machines)}")
    return 0


def select_figures(measurements: Sequence[Measurement]) -> list[Measurement]:
    """The figures that depend on a machine, and the other figures of the same points.

    `oom` and `timeout` are results; `unsupported` is left out.
    """
    of_machines = [m for m in measurements if m.machine and m.status != "unsupported"]
    points = {m.point for m in of_machines}
    others = [m for m in measurements if not m.machine and m.status == "ok"]
    instruments = {m.label: find_instrument(m.label) for m in others}
    keys = {
        (label, instrument.canonical(point))
        for label, instrument in instruments.items()
        for point in points
    }
    return [*of_machines, *(m for m in others if (m.label, m.point) in keys)]


def _file_name(measurements: Sequence[Measurement]) -> str:
    """A file name from the accelerator or, without one, from the processor."""
    environments = [m.environment for m in measurements if m.machine]
    accelerators = {e.accelerator for e in environments} - {""}
    names = accelerators or {e.processor for e in environments}
    slugs = {"-".join(re.findall("[a-z0-9]+", name.lower())) for name in names}
    if len(slugs) > 1 or "" in slugs:
        raise UsageError(f"figures of {' and '.join(sorted(names))}: give --name")
    return slugs.pop()
