"""`blvbench run`."""

import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.commands import FAILED, INTERRUPTED
from bench.commands.options.common import add_model, add_time_limit
from bench.commands.options.executors import add_executor, check_executor, find_scheduler, run_tasks
from bench.commands.output import progress_bar
from bench.machine.processes import start_fork_server
from bench.records.measurement import Measurement
from bench.records.store import RETRIED, Store
from suites import load_suite

SUMMARY_STATUSES = ("ok", "failed")  # the summary names them even if their number is 0


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("suite", help="name of a suite (see 'blvbench suites'), or a TOML file")
    parser.add_argument(
        "--store", type=Path, required=True, help="file of the store; it is made if missing"
    )
    add_model(parser, "measure the network in your own file in every sweep", several=True)
    add_time_limit(parser)
    add_executor(parser)


def run(arguments: Namespace) -> int:
    """Measure what is missing in the store. The exit code is 1 if a measurement failed.

    `oom` and `unsupported` are results, not failures.
    """
    from bench.runs import runner
    from bench.runs.cluster.sweep import collect
    from bench.runs.tasks import make_suite_tasks

    check_executor(arguments)
    scheduler = find_scheduler(arguments)
    if scheduler is None:
        start_fork_server()
    pool = scheduler.pool if scheduler else ""
    tasks = make_suite_tasks(load_suite(arguments.suite), arguments.suite, arguments.model, pool)
    with Store(arguments.store, create=True) as store:
        collect(store)
        missing = runner.missing_tasks(tasks, store)
        store.touch(t.identity for t in tasks)  # reports show the newest figure of each point
        try:
            with progress_bar(len(missing), arguments.suite) as advance:
                results = run_tasks(missing, store, scheduler, arguments, advance)
        except KeyboardInterrupt:
            advice = "the results so far are in the store: run the same command again to continue"
            print(f"blvbench: interrupted: {advice}", file=sys.stderr)
            return INTERRUPTED
    found = len(tasks) - len(missing)
    counts = Counter(m.status for m in results)
    others = "".join(
        f", {n} {status}" for status, n in counts.items() if status not in SUMMARY_STATUSES
    )
    print(
        f"{arguments.store}: {counts['ok']} measured, {found} found in the store, "
        f"{counts['failed']} failed{others}"
    )
    for (status, reason), group in _by_reason(results).items():
        rest = f" and {len(group) - 1} more" if len(group) > 1 else ""
        print(f"  {group[0].label} of {group[0].point}{rest}: {status}: {reason}")
    return FAILED if any(m.status in RETRIED for m in results) else 0


def _by_reason(results: Sequence[Measurement]) -> dict[tuple[str, str], list[Measurement]]:
    """The results without a figure, by status and reason."""
    groups: dict[tuple[str, str], list[Measurement]] = {}
    for measurement in results:
        if measurement.status != "ok":
            groups.setdefault((measurement.status, measurement.reason), []).append(measurement)
    return groups
