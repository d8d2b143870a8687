"""`blvbench report`."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from bench.commands.import_ import add_recorded
from bench.errors import BenchError
from bench.recorded import load_recorded, read_results, with_recorded
from bench.records import Measurement
from bench.store import Store, is_store
from suites import load_claims

RESULTS = "results.json"  # of a report's folder


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--store", type=Path, required=True, help="the store's file")
    add_recorded(parser)
    parser.add_argument("--out", type=Path, required=True, help="the folder to write into")
    parser.add_argument(
        "--plots", action="store_true", help="write each plot as PNG and SVG too, into plots/"
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="OTHER",
        help="say what changed since: a store, a report's results.json, or the folder of a report",
    )


def run(arguments: Namespace) -> int:
    """Write the report of a store, and of what other machines measured."""
    with Store(arguments.store) as store:
        stored = store.measurements()
    # What others recorded stands beside one's own figures, not in place of them.
    recorded = load_recorded(arguments.recorded) if stored else []
    against = _others(arguments.against, recorded) if arguments.against else []
    measurements = with_recorded(stored, recorded)
    from reports.page import build_page  # imports pandas and matplotlib
    from reports.writer import write_report

    page = build_page(measurements, load_claims(), against)
    write_report(page, arguments.out, plots=arguments.plots)
    print(f"{arguments.out / 'index.html'}")
    return 0


def _others(path: Path, recorded: Sequence[Measurement]) -> list[Measurement]:
    """What to compare with; beside a store, what is `recorded` is shown as beside the other one."""
    file = path / RESULTS if os.path.isdir(path) else path  # noqa: PTH112 - it raises nothing
    found = read_results(file)
    if not found:
        raise BenchError(f"{file}: holds no measurement: give --against results that do")
    return with_recorded(found, recorded) if is_store(file) else found
