"""`blvbench gate`."""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands import FAILED, UsageError
from bench.commands.options.common import add_time_limit
from bench.commands.output import add_json, print_json, print_table, progress_bar
from bench.wording import count_text
from suites.rules import load_rules
from suites.suite import FOLDER, GATE_RULES

if TYPE_CHECKING:
    from bench.gate.entry import Entry
    from bench.gate.result import GateResult
    from bench.runs.tasks import Task

RULES = FOLDER / f"{GATE_RULES}.toml"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--store",
        type=Path,
        required=True,
        action="append",
        help="results to check: a store, or a JSON file of pytest-benchmark; repeat the option to "
        "add reruns, which confirm results that look worse",
    )
    sides = parser.add_mutually_exclusive_group(required=True)
    sides.add_argument(
        "--baseline",
        type=Path,
        help="results to compare with: a baseline, a store, or a JSON file of pytest-benchmark",
    )
    sides.add_argument(
        "--update", type=Path, metavar="BASELINE", help="write the results as this baseline"
    )
    parser.add_argument(
        "--rules", type=Path, default=RULES, help="TOML file of rules (default: the bundled rules)"
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the results as JUnit")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the results as Markdown"
    )
    parser.add_argument(
        "--no-rerun",
        action="store_true",
        help="fail where samples look worse, without measuring again: for a job that cannot",
    )
    add_time_limit(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Write a baseline, or compare with one. The exit code is 1 if the gate fails."""
    if arguments.update:
        return _update(arguments)
    from bench.gate import baseline, formats
    from bench.gate.result import compare_runs

    rules = load_rules(arguments.rules)
    old = baseline.read(arguments.baseline)
    new, *others = map(baseline.read, arguments.store)
    reruns = [entry for entries in others for entry in entries]
    results = compare_runs(old, new, rules, reruns, confirm=not arguments.no_rerun)
    doubtful = [result for result in results if result.needs_rerun]
    if doubtful and (confirmations := _measure_again(doubtful, arguments)):
        results = compare_runs(old, new, rules, [*reruns, *confirmations])
    _write(arguments, results)
    if arguments.json:
        print_json([result.as_json() for result in results])
    else:
        if rows := [formats.to_row(result) for result in formats.noteworthy(results)]:
            print_table(formats.HEADINGS, rows)
        print(f"{arguments.baseline}: {formats.summarise(results)}")
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in formats.annotations(results):
            print(line, file=sys.stderr)
    return FAILED if any(result.consequence == "fail" for result in results) else 0


def _update(arguments: Namespace) -> int:
    from bench.gate import baseline

    options = {
        "--junit": arguments.junit,
        "--markdown": arguments.markdown,
        "a second --store": arguments.store[1:],
        "--no-rerun": arguments.no_rerun,
        "--json": arguments.json,
    }
    if given := [name for name, value in options.items() if value]:
        raise UsageError(f"--update writes a baseline: leave out {given[0]}")
    entries = baseline.read(arguments.store[0])
    rules = load_rules(arguments.rules)
    for entry in entries:
        rules.find(entry.quantity, entry.instrument)
    baseline.write(arguments.update, entries)
    missing = sum(entry.status != "ok" for entry in entries)
    note = f"; left out: {missing} without a figure" if missing else ""
    written = count_text(len(entries) - missing, "entry", "entries")
    print(f"{arguments.update}: {written}{note}")
    return 0


def _write(arguments: Namespace, results: "Sequence[GateResult]") -> None:
    from bench.gate import formats
    from bench.json_file import write_whole

    for name, render in (("junit", formats.junit), ("markdown", formats.markdown)):
        if path := getattr(arguments, name):
            write_whole(path, render(results), advice=f"choose another --{name}")


def _measure_again(doubtful: "Sequence[GateResult]", arguments: Namespace) -> "list[Entry]":
    """Measure again what looks worse, if the machine and the code are the same."""
    from bench.gate.entry import Entry
    from bench.runs.workers import measure_tasks

    tasks = list(filter(None, (_make_rerun(result.entry) for result in doubtful)))
    with progress_bar(len(tasks), "confirming") as advance:
        return [
            Entry.of(advance(measurement))
            for _, measurement in measure_tasks(
                tasks, jobs=1, time_limit_s=arguments.time_limit, fresh=True
            )
        ]


def _make_rerun(entry: "Entry") -> "Task | None":
    """The task that measures an entry again; None if the machine or the code is another one."""
    from bench.errors import BenchError
    from bench.machine.environment import current_environment
    from bench.runs.tasks import make_task
    from models import NetworkError

    if entry.point is None:
        return None
    try:
        task = make_task(entry.point, entry.label)
        is_same_code = task.code.network == entry.network_version
    except (BenchError, NetworkError):  # a user's file is gone
        return None
    here = current_environment(task.instrument.device).machine
    return task if is_same_code and entry.conditions.get("machine", here) == here else None
