"""`blvbench report`."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from bench.errors import BenchError
from bench.store import Store
from suites import load_claims


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--store", type=Path, required=True, help="the store's file")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write into")


def run(arguments: Namespace) -> int:
    """Write the report of a store."""
    with Store(arguments.store) as store:
        measurements = store.measurements()
    if not measurements:
        raise BenchError(
            f"{arguments.store}: holds no measurement: "
            f"make some with 'blvbench run paper --store {arguments.store}'"
        )
    from reports.page import build_page  # imports pandas and matplotlib
    from reports.writer import write_report

    write_report(build_page(measurements, load_claims()), arguments.out)
    print(f"{arguments.out / 'index.html'}")
    return 0
