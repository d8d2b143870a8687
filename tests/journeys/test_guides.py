"""The guides, each followed in a folder of its own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

from bench.records.store import Store
from tests.bench.video.films import write_numbered
from tests.journeys.documented import (
    LAST_RESORT_S,
    blvbench,
    code_block,
    commands_of,
    follow,
    run_example,
    write_files,
)
from tests.records import measurement, point


def test_networks_are_trained_and_evaluated_on_ones_own_data(tmp_path: Path) -> None:
    for place, name in enumerate(("a class", "another class")):
        (tmp_path / "videos" / name).mkdir(parents=True)
        for number in range(4):
            write_numbered(tmp_path / "videos" / name / f"{number}.mp4", 12 + 4 * place + number)
    for command in commands_of("data"):
        follow(command, tmp_path)
    printed = blvbench(tmp_path, "blvbench report --store own.sqlite --out learnt")
    assert printed.returncode == 0
    (record,) = json.loads((tmp_path / "learnt" / "results.json").read_text())["measurements"]
    assert (record["instrument"], record["point"]["frames"]) == ("evaluated", 8)
    assert len(record["samples"]) == 4


def test_results_of_another_machine_join_a_report(tmp_path: Path) -> None:
    write_files(tmp_path)
    with Store(tmp_path / "tutorial.sqlite", create=True) as store:
        store.put("id", measurement(point()))
    for command in commands_of("import"):
        follow(command, tmp_path)
    assert (tmp_path / "recorded" / "laptop.json").exists()
    assert "latency" in (tmp_path / "both" / "results.json").read_text()


def test_the_workflow_catches_a_wider_network(tmp_path: Path) -> None:
    """Run the guide's steps in a repository whose last commit adds a channel."""
    steps = yaml.safe_load(code_block("yaml", "name: gate"))["jobs"]["gate"]["steps"]
    script = "\n".join(step["run"] for step in steps if "run" in step and "pip" not in step["run"])
    commits = """
git init --quiet && git config user.email a@b && git config user.name a
git add . && git commit --quiet -m base && export BASE=$(git rev-parse HEAD)
sed -i 's/width=32/width=33/' my_network.py
git commit --quiet -a -m head && export HEAD=$(git rev-parse HEAD)
"""
    write_files(tmp_path)
    summary = tmp_path / "summary.md"
    result = subprocess.run(
        ["bash", "-c", f'blvbench() {{ "{sys.executable}" -m blvbench "$@"; }}{commits}{script}'],
        cwd=tmp_path,
        env={**os.environ, "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true"},
        capture_output=True,
        text=True,
        timeout=LAST_RESORT_S,
        check=False,
    )
    assert "blvbench gate: failed" in summary.read_text(), result.stderr
    regressed = re.findall(r"^::error .*regressed: (\w+):", result.stderr, re.MULTILINE)
    assert {"macs", "memory", "params"} <= set(regressed)


def test_the_instruments_example_runs(tmp_path: Path) -> None:
    printed = run_example("import blvbench\n\nmodel", tmp_path)
    assert "'conv': 23840423936" in printed
    assert "'activations'" in printed


def test_the_weights_example_runs(tmp_path: Path) -> None:
    printed = run_example("import models\n", tmp_path)
    assert "447 loaded, 2 left out, 2 kept, the classifier is the network's own" in printed
