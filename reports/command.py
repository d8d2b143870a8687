"""`blvbench report`."""

import atexit
import gc
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import get_args

from bench.commands.import_ import add_recorded
from bench.errors import BenchError
from bench.records.measurement import Measurement
from bench.records.recorded import load_recorded, read_results, with_recorded
from bench.records.store import Store, is_store
from suites import load_claims
from suites.stages import Plan, load_stages

RESULTS = "results.json"  # of a report's folder


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--store", type=Path, required=True, help="the store's file")
    add_recorded(parser)
    parser.add_argument("--out", type=Path, required=True, help="the folder to write into")
    parser.add_argument(
        "--measure",
        choices=get_args(Plan),
        help="measure what the store does not have first, in stages, and write the report after "
        "each: the default report in minutes, or all that there is to count and time here",
    )
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
    page: Path = arguments.out / "index.html"
    if arguments.measure is None:
        _write(arguments)
        print(page)
        return 0
    from reports.stages import measure_in_stages

    write = partial(_write, arguments)
    return measure_in_stages(load_stages(arguments.measure), arguments.store, page, write)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage is looked for: there is little, and each search goes through all the records.

    Nor is it at the end of the process, unless PyTorch is there, which wants it to.
    """
    collecting = gc.isenabled()
    gc.disable()
    atexit.register(lambda: None if "torch" in sys.modules else gc.freeze())
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()  # all there is counts as old now: nothing is searched at once
        if collecting:
            gc.enable()


@_uncollected()
def _write(arguments: Namespace, measuring: Collection[str] = ()) -> None:
    """Write the report, which says of sections in `measuring` that they are being measured."""
    with Store(arguments.store, create=arguments.measure is not None) as store:
        stored = store.measurements()
    # What others recorded stands beside one's own figures, not in place of them.
    recorded = load_recorded(arguments.recorded) if stored else []
    against = _others(arguments.against, recorded) if arguments.against else []
    measurements = with_recorded(stored, recorded)
    from reports.page import build_page  # imports pandas and matplotlib
    from reports.writer import write_report

    page = build_page(measurements, load_claims(), against, measuring)
    write_report(page, arguments.out, plots=arguments.plots)


def _others(path: Path, recorded: Sequence[Measurement]) -> list[Measurement]:
    """What to compare with; beside a store, what is `recorded` is shown as beside the other one."""
    file = path / RESULTS if os.path.isdir(path) else path  # noqa: PTH112 - it raises nothing
    found = read_results(file)
    if not found:
        raise BenchError(f"{file}: holds no measurement: give --against results that do")
    return with_recorded(found, recorded) if is_store(file) else found
