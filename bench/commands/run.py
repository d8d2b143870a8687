"""`blvbench run`."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from bench import environment
from bench.commands import FAILED, INTERRUPTED, UsageError
from bench.commands.arguments import add_model
from bench.commands.output import progress_bar
from bench.store import Store
from suites import load_suite


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("suite", help="a name that 'blvbench suites' lists, or a TOML file")
    parser.add_argument("--store", type=Path, required=True, help="the store's file")
    add_model(parser, "measure this network over every sweep as well", several=True)
    parser.add_argument(
        "--jobs", type=int, help="worker processes (default: one for each usable core)"
    )


def run(arguments: Namespace) -> int:
    """Measure what the store does not have yet; exit 1 where a measurement failed."""
    from bench import runner
    from bench.tasks import suite_tasks

    jobs = environment.usable_cores() if arguments.jobs is None else arguments.jobs
    if jobs < 1:
        raise UsageError(f"--jobs must be at least 1, not {jobs}")
    tasks = suite_tasks(load_suite(arguments.suite), arguments.suite, arguments.model)
    with Store(arguments.store, create=True) as store:
        waiting = runner.missing(tasks, store)
        store.touch(t.identity for t in tasks)  # a report shows the newest of each point
        try:
            with progress_bar(len(waiting), arguments.suite) as advance:
                failed = runner.run(waiting, store, jobs=jobs, on_result=advance)
        except KeyboardInterrupt:
            done = "what was measured is kept; run the same command again to go on"
            print(f"blvbench: interrupted: {done}", file=sys.stderr)
            return INTERRUPTED
    found = len(tasks) - len(waiting)
    measured = len(waiting) - len(failed)
    print(
        f"{arguments.store}: {measured} measured, {found} found in the store, {len(failed)} failed"
    )
    for measurement in failed:
        print(f"  {measurement.quantity} of {measurement.point}: {measurement.reason}")
    return FAILED if failed else 0
