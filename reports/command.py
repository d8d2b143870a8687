"""`blvbench report`."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from bench.commands.import_ import add_recorded
from bench.recorded import load_recorded, with_recorded
from bench.store import Store
from suites import load_claims


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--store", type=Path, required=True, help="the store's file")
    add_recorded(parser)
    parser.add_argument("--out", type=Path, required=True, help="the folder to write into")


def run(arguments: Namespace) -> int:
    """Write the report of a store, and of what other machines measured."""
    with Store(arguments.store) as store:
        stored = store.measurements()
    # What others recorded stands beside one's own figures, not in place of them.
    recorded = load_recorded(arguments.recorded) if stored else []
    measurements = with_recorded(stored, recorded)
    from reports.page import build_page  # imports pandas and matplotlib
    from reports.writer import write_report

    write_report(build_page(measurements, load_claims()), arguments.out)
    print(f"{arguments.out / 'index.html'}")
    return 0
