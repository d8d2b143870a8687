"""`blvbench claims`."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from bench.claims.verdicts import ClaimResult, Verdict, judge
from bench.commands import FAILED
from bench.commands.import_ import add_recorded
from bench.commands.output import add_json, print_json, print_table
from bench.records.recorded import load_recorded, with_recorded
from bench.records.store import Store
from suites import load_claims, load_published


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--store", type=Path, required=True, help="file of the store")
    add_recorded(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Judge the claims. The exit code is 1 if one is not reproduced."""
    with Store(arguments.store) as store:
        stored = store.measurements()
    measurements = with_recorded(stored, load_recorded(arguments.recorded))
    results = judge(load_claims(), measurements, load_published())
    if arguments.json:
        print_json([result.as_json() for result in results])
    else:
        print_table(
            ("claim", "origin", "verdict", "finding (measured ratio)"),
            [(r.claim.title, r.claim.origin, r.verdict, _finding(r)) for r in results],
        )
    return FAILED if any(r.verdict is Verdict.NOT_REPRODUCED for r in results) else 0


def _finding(result: ClaimResult) -> str:
    if result.verdict is Verdict.NOT_MEASURED:
        return f"Not measured: run {result.claim.measured_by}"
    return result.sentence
