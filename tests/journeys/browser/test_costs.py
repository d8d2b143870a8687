"""The size of a report, and that the same results give the same bytes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.journeys.browser import results

MAX_BYTES = 1_500_000  # of a page of a thousand records: it opens at once and fits into a mail
BUILD = """
import pathlib, sys
from reports.page import build_page
from reports.writer import write_report
from suites import load_claims
from tests.journeys.browser import results
write_report(build_page(results.rich(), load_claims()), pathlib.Path(sys.argv[1]))
"""


def test_a_thousand_records_are_a_page_of_less_than_one_and_a_half_megabytes(
    report: Callable[[str], Path],
) -> None:
    assert len(results.rich()) >= 1_000
    assert (report("rich") / "index.html").stat().st_size < MAX_BYTES


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
