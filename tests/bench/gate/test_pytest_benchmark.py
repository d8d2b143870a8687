import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.commands import main
from bench.errors import BenchError
from bench.gate import baseline

TEST = """
import time

def test_it(benchmark):
    benchmark.pedantic(time.sleep, args=({seconds},), rounds=7)
"""


def run_benchmark(folder: Path, name: str, seconds: float) -> str:
    (folder / "test_it.py").write_text(TEST.format(seconds=seconds))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    alone = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}  # not of xdist
    line = [*command, f"--benchmark-json={name}"]
    subprocess.run(line, cwd=folder, env=alone, check=True, timeout=120)
    return str(folder / name)


def test_what_pytest_benchmark_writes_is_gated(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    old, same, slow, again = (
        run_benchmark(tmp_path, f"{number}.json", seconds)
        for number, seconds in enumerate((0.02, 0.02, 0.04, 0.04))
    )
    base = str(tmp_path / "base.json")
    assert main(["gate", "--store", old, "--update", base]) == 0
    assert main(["gate", "--store", same, "--baseline", base]) == 0
    assert main(["gate", "--store", slow, "--baseline", old]) == 0  # not confirmed
    capfd.readouterr()
    assert main(["gate", "--store", slow, "--store", again, "--baseline", base, "--json"]) == 1
    (verdict,) = json.loads(capfd.readouterr().out)
    assert verdict["benchmark"] == "test_it.py::test_it"
    assert verdict["outcome"] == "regressed"
    assert verdict["new"] > 1.5 * verdict["old"] > 0.02


ONE = {"fullname": "t", "stats": {"data": [1.0, 2.0]}}
WRONG: dict[str, tuple[Any, str]] = {
    "no list": ({}, "benchmarks: is no list"),
    "no benchmark": ([7], "benchmark 1: "),
    "no name": ([{"stats": {"data": [1.0]}}], "benchmark 1: lacks 'fullname'"),
    "no statistics": ([{"fullname": "t"}], "benchmark 1: lacks 'stats'"),
    "no samples": ([{"fullname": "t", "stats": {"median": 1.0}}], "has no raw samples: write it"),
    "samples that are none": ([{"fullname": "t", "stats": {"data": "12"}}], "samples.0"),
    "NaN": ([{"fullname": "t", "stats": {"data": [float("nan")]}}], "a finite number"),
    "a name twice": ([ONE, ONE], "benchmark 2: t is there twice"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_one_line(case: str, tmp_path: Path) -> None:
    content, message = WRONG[case]
    path = tmp_path / "b.json"
    path.write_text(json.dumps({"benchmarks": content}))
    with pytest.raises(BenchError, match=message):
        baseline.read(path)


def test_the_machine_is_read_where_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    machine = {"cpu": {"brand_raw": "A CPU", "count": 2}, "python_version": "3.11.7"}
    for info, expected in ((machine, ["2", "3.11.7", "A CPU"]), (7, []), ({"cpu": 7}, [])):
        path.write_text(json.dumps({"machine_info": info, "benchmarks": [ONE]}))
        (entry,) = baseline.read(path)
        assert sorted(entry.conditions.values()) == expected
