"""The gate reads what the real pytest-benchmark writes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.commands import main

TEST = """
import time

def test_it(benchmark):
    benchmark.pedantic(time.sleep, args=({seconds},), rounds=7)
"""


def run_benchmark(folder: Path, name: str, seconds: float) -> str:
    (folder / "test_it.py").write_text(TEST.format(seconds=seconds))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    alone = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}  # hides xdist
    line = [*command, f"--benchmark-json={name}"]
    subprocess.run(line, cwd=folder, env=alone, check=True)
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
    assert main(["gate", "--store", slow, "--baseline", old]) == 1  # far apart
    capfd.readouterr()
    assert main(["gate", "--store", slow, "--store", again, "--baseline", base, "--json"]) == 1
    (verdict,) = json.loads(capfd.readouterr().out)
    assert verdict["benchmark"] == "test_it.py::test_it"
    assert verdict["outcome"] == "regressed"
    assert verdict["new"] > 1.5 * verdict["old"] > 0.02
