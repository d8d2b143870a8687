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

RESULTS = "results.json"  # in the folder of a report


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--store", type=Path, required=True, help="file of the store")
    add_recorded(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder to write the report into")
    parser.add_argument(
        "--measure",
        choices=get_args(Plan),
        help="measure what is missing in the store, in stages, and write the report after each "
        "stage: quick takes minutes, full counts and times everything that this machine can",
    )
    parser.add_argument(
        "--plots", action="store_true", help="also write each plot as PNG and SVG, into plots/"
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="OTHER",
        help="older results to compare with: a store, a results.json or a report folder",
    )


def run(arguments: Namespace) -> int:
    """Write the report of a store and of the recorded results of other machines."""
    page: Path = arguments.out / "index.html"
    if arguments.measure is None:
        _write(arguments)
        print(page)
        return 0
    from reports.stages import measure_in_stages

    write = partial(_write, arguments)
    return measure_in_stages(load_stages(arguments.measure), arguments.store, page, write)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Switch garbage collection off: there is little garbage, and a search visits all records.

    It also stays off at the exit of the process, unless PyTorch is loaded, which needs it.
    """
    collecting = gc.isenabled()
    gc.disable()
    atexit.register(lambda: None if "torch" in sys.modules else gc.freeze())
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()  # marks all objects as old: no search follows at once
        if collecting:
            gc.enable()


@_without_garbage_collection()
def _write(arguments: Namespace, pending: Collection[str] = ()) -> None:
    """Write the report; the sections in `pending` are marked as being measured."""
    with Store(arguments.store, create=arguments.measure is not None) as store:
        stored = store.measurements()
    # Recorded results are shown together with own results, never alone.
    recorded = load_recorded(arguments.recorded) if stored else []
    against = _read_against(arguments.against, recorded) if arguments.against else []
    measurements = with_recorded(stored, recorded)
    from reports.page import build_page  # imports pandas and matplotlib
    from reports.writer import write_report

    page = build_page(measurements, load_claims(), against, pending)
    write_report(page, arguments.out, plots=arguments.plots)


def _read_against(path: Path, recorded: Sequence[Measurement]) -> list[Measurement]:
    """The older results; `recorded` is added to those of a store, as on the newer side."""
    file = path / RESULTS if os.path.isdir(path) else path  # noqa: PTH112 - it raises nothing
    results = read_results(file)
    if not results:
        raise BenchError(f"{file}: has no measurements: give --against other results")
    return with_recorded(results, recorded) if is_store(file) else results
