"""How long commands may take on a machine that does nothing else."""

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.records.store import Store
from tests.journeys.browser import results

HELP_S = 0.2  # of the processor
REPORT_S = 2.0  # of the processor, of a thousand records
PAPER_S = 120.0  # by the clock, on two cores
AGAIN_S = 5.0  # by the clock, where all is found in the store
ROUNDS = 5  # the fastest counts: others can only slow it down


def run(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "bench", *arguments]
    subprocess.run(command, cwd=folder, capture_output=True, check=True)


def clock_seconds(folder: Path, *arguments: str) -> float:
    start = time.perf_counter()
    run(folder, *arguments)
    return time.perf_counter() - start


def processor_seconds(folder: Path, *arguments: str) -> float:
    """What a command of one process computes, importing included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(folder, *arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def check(
    capsys: pytest.CaptureFixture[str], command: str, seconds: float, most_seconds: float
) -> None:
    with capsys.disabled():
        print(f"\n{command}: {seconds:.2f} s (at most {most_seconds:g})")
    assert seconds <= most_seconds


def test_help(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fastest = min(processor_seconds(tmp_path, "--help") for _ in range(ROUNDS))
    check(capsys, "help", fastest, HELP_S)


def test_a_report_of_a_thousand_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = results.rich()
    with Store(tmp_path / "s.sqlite", create=True) as store:
        for number, record in enumerate(records):
            store.put(f"{number}", record)
    line = ("report", "--store", "s.sqlite", "--out", "report")
    fastest = min(processor_seconds(tmp_path, *line) for _ in range(ROUNDS))
    check(capsys, f"report of {len(records)} records", fastest, REPORT_S)


def test_the_papers_suite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ("run", "paper", "--store", "paper.sqlite")
    check(capsys, "run paper", clock_seconds(tmp_path, *line), PAPER_S)
    check(capsys, "run paper again", clock_seconds(tmp_path, *line), AGAIN_S)
