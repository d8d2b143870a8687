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

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "file", type=Path, help="a store, a report's results.json or a recorded file"
    )
    parser.add_argument("--name", help="of the recorded file (default: after the machine)")
    parser.add_argument(
        "--into", type=Path, default=FOLDER, help="a folder (default: the project's own)"
    )


def add_recorded(parser: ArgumentParser) -> None:
    """Give a command `--recorded FOLDER`, for what it is to show beside a store."""
    parser.add_argument(
        "--recorded",
        type=Path,
        default=FOLDER,
        metavar="FOLDER",
        help="what other machines measured (default: what comes with the project)",
    )


def run(arguments: Namespace) -> int:
    """Record what machines measured, beside what was recorded before."""
    if arguments.name is not None and not NAME.fullmatch(arguments.name):
        raise UsageError(
            f"--name is of small letters, digits and single hyphens, not {arguments.name!r}"
        )
    kept = worth_recording(read_results(arguments.file))
    if not kept:
        raise BenchError(
            f"{arguments.file}: holds no figure of a machine: "
            "import what 'blvbench run latency' or 'blvbench run gpu' measured"
        )
    path = arguments.into / f"{arguments.name or _name(kept)}.json"
    held = write(path, kept)
    machines = sorted({m.machine for m in held} - {""})
    print(f"{path}: {len(held)} records, of {'; '.join(machines)}")
    return 0


def worth_recording(measurements: Sequence[Measurement]) -> list[Measurement]:
    """The results of machines, and the figures of the same points that are of none.

    Running out of memory or time is a result, what a machine cannot do is not.
    """
    of_machines = [m for m in measurements if m.machine and m.status != "unsupported"]
    points = {m.point for m in of_machines}
    others = [m for m in measurements if not m.machine and m.status == "ok"]
    instruments = {m.label: find_instrument(m.label) for m in others}
    wanted = {
        (label, instrument.canonical(point))
        for label, instrument in instruments.items()
        for point in points
    }
    return [*of_machines, *(m for m in others if (m.label, m.point) in wanted)]


def _name(measurements: Sequence[Measurement]) -> str:
    """The accelerator's name where there is one, else the processor's, as a file may be called."""
    environments = [m.environment for m in measurements if m.machine]
    accelerators = {e.accelerator for e in environments} - {""}
    names = accelerators or {e.processor for e in environments}
    slugs = {"-".join(re.findall("[a-z0-9]+", name.lower())) for name in names}
    if len(slugs) > 1 or "" in slugs:
        raise UsageError(f"figures of {' and '.join(sorted(names))}: say --name")
    return slugs.pop()
