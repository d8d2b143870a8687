"""What a report costs: seconds to build, bytes to send; and that it is the same one each time."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from reports.page import build_page
from reports.writer import write_report
from suites import load_claims
from tests.reports.browser import results

MOST_BYTES = 2_000_000  # of a page of a thousand records: it opens at once, and fits into a mail
MOST_SECONDS = 5.0  # it takes about 3, most of them matplotlib's; 2 are wanted
ADDING_S = 0.6  # for ten million numbers, one by one, where nothing else runs
ROUNDS = 3
BUILD = """
import pathlib, sys
from reports.page import build_page
from reports.writer import write_report
from suites import load_claims
from tests.reports.browser import results
write_report(build_page(results.rich(), load_claims()), pathlib.Path(sys.argv[1]))
"""


def test_a_thousand_records_are_a_page_of_less_than_two_megabytes(
    report: Callable[[str], Path],
) -> None:
    assert len(results.rich()) >= 1_000
    assert (report("rich") / "index.html").stat().st_size < MOST_BYTES


def seconds_of(work: Callable[[], object]) -> float:
    """What the processor takes for it, the median of a few rounds: others' work does not count."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def add() -> int:
    total = 0
    for number in range(10**7):
        total += number
    return total


def test_a_thousand_records_are_written_within_seconds(
    report: Callable[[str], Path], tmp_path: Path
) -> None:
    """On an idle machine, that is; a busy one takes as much longer to add numbers."""
    report("rich")  # what is imported late is imported now
    records, claims = results.rich(), load_claims()
    slower = max(1.0, seconds_of(add) / ADDING_S)
    seconds = seconds_of(lambda: write_report(build_page(records, claims), tmp_path))
    print(f"{len(records)} records: {seconds:.2f} s, on a machine {slower:.2f} times as slow")
    assert seconds < MOST_SECONDS * slower


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    builds = [
        subprocess.Popen(
            [sys.executable, "-c", BUILD, str(tmp_path / seed)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[3],
        )
        for seed in ("1", "2")
    ]
    assert [build.wait() for build in builds] == [0, 0]
    names = {path.name for path in (tmp_path / "1").iterdir()}
    assert names == {path.name for path in (tmp_path / "2").iterdir()}
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
