"""What the README and the documentation promise, run as it stands there, each command once."""

import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bench.commands import COMMANDS
from tests.bench.video.films import write_numbered

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
REFERENCE = sorted((ROOT / "docs" / "reference").glob("*.md"))
TEXT = "\n".join(p.read_text(encoding="utf-8") for p in (*PAGES, *GUIDES, *REFERENCE))
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
SUITES = ("Tutorial", "Seconds", "Gate")  # their titles; each is in a file of that name


def lines_of_commands() -> Iterator[tuple[str, list[str]]]:
    """Each command of `blvbench`, and the lines that it is shown to print."""
    for block in (text for language, text in BLOCKS if not language):
        for part in re.split(r"^(?=blvbench )", block, flags=re.MULTILINE):
            line, *shown = part.splitlines() or [""]
            if line.startswith("blvbench "):
                yield line, shown


def code_block(language: str, start: str) -> str:
    """The one block in `language` that begins with `start`."""
    (found,) = (text for kind, text in BLOCKS if kind == language and text.startswith(start))
    return str(found)


def write_files(folder: Path) -> None:
    """The files that the pages have their reader write."""
    (folder / "my_network.py").write_text(code_block("python", "# my_network.py"))
    for title in SUITES:
        suite = code_block("toml", f'title = "{title}"')
        (folder / f"{title.lower()}.toml").write_text(suite)


def blvbench(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *line.split()[1:]],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},  # as wide as the pages show tables
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def cpu_seconds() -> float:
    """What this process's children have computed: unlike the clock, blind to other work."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every command of the pages has run, in order."""
    folder = tmp_path_factory.mktemp("readme")
    write_files(folder)
    for place, name in enumerate(("a class", "another class")):
        (folder / "videos" / name).mkdir(parents=True)
        for number in range(4):
            write_numbered(folder / "videos" / name / f"{number}.mp4", 12 + 4 * place + number)
    done = set()
    for line, shown in lines_of_commands():
        if line in done:
            continue
        done.add(line)
        start = cpu_seconds()
        result = blvbench(folder, line)
        is_of_all = line == "blvbench claims --store paper.sqlite"  # some claims do not hold
        assert result.returncode == (1 if is_of_all else 0), f"{line}: {result.stderr}"
        assert [row for row in shown if row not in result.stdout.splitlines()] == [], line
        if line == "blvbench run paper --store paper.sqlite":
            assert cpu_seconds() - start < 2 * 120  # two cores, 120 s
            assert ", 0 found in the store, 0 failed" in result.stdout
    return folder


def test_every_command_is_documented() -> None:
    by_module = set(re.findall(r"^python -m bench (\w+)", TEXT, flags=re.MULTILINE))  # need a GPU
    assert {line.split()[1] for line, _ in lines_of_commands()} | by_module == set(COMMANDS)


def test_networks_are_trained_and_evaluated(folder: Path) -> None:
    printed = blvbench(folder, "blvbench report --store own.sqlite --out learnt")
    assert printed.returncode == 0
    (record,) = json.loads((folder / "learnt" / "results.json").read_text())["measurements"]
    assert (record["instrument"], record["point"]["frames"]) == ("evaluated", 8)
    assert len(record["samples"]) == 4


def test_the_papers_claims(folder: Path) -> None:
    printed = blvbench(folder, "blvbench claims --store paper.sqlite --json").stdout
    claims = {claim["id"]: claim for claim in json.loads(printed)}
    ratios = {
        name: [case.get("ratio") for case in claim["cases"]] for name, claim in claims.items()
    }
    assert ratios["macs-tsn"] == pytest.approx([2.742, 3.882], abs=5e-4)
    assert ratios["memory-train-tsn"] == pytest.approx([1.71, 2.13], abs=0.01)
    assert claims["macs-tsn"]["verdict"] == claims["memory-train-tsn"]["verdict"] == "partly"
    assert claims["macs-tsn"]["finding"] == (
        "Met at depth 101 (3.882x); not met at depth 50 (2.742x)."
    )
    for name in ("tam-macs", "tam-params", "tam-in-blvnet-macs", "tam-in-blvnet-params"):
        assert claims[name]["verdict"] == "reproduced"
        assert all(1 < ratio < 1.01 for ratio in ratios[name])
    assert claims["accuracy-tsn"]["verdict"] == "not measured here"


def test_a_second_run_finds_everything_within_five_seconds(folder: Path) -> None:
    start = cpu_seconds()
    result = blvbench(folder, "blvbench run paper --store paper.sqlite")
    assert cpu_seconds() - start < 5
    assert " 0 measured, " in result.stdout


def test_the_report_says_how_near_the_instruments_are(folder: Path) -> None:
    text = (folder / "report" / "report.md").read_text()
    counted = re.findall(
        r"^\| \w+ \| \d+ \| (?:formulation=\w+)? \| 4 \| ([\d,]+) \| ([\d,]+) \| 0 \|$",
        text,
        re.MULTILINE,
    )
    assert len(counted) == 18
    assert all(first == second for first, second in counted)
    errors = re.findall(r"\| 32 \| [\d,]+ \| [\d,]+ \| ([+-][\d.]+)% \|", text)
    assert len(errors) == 3
    assert all(abs(float(error)) <= 3 for error in errors)


def test_the_workflow_catches_a_wider_network(tmp_path: Path) -> None:
    """Its steps, as they stand in the guide, in a repository whose last commit adds a channel."""
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
        ["bash", "-c", f'blvbench() {{ "{sys.executable}" -m bench "$@"; }}{commits}{script}'],
        cwd=tmp_path,
        env={**os.environ, "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert "blvbench gate: failed" in summary.read_text(), result.stderr
    regressed = re.findall(r"^::error .*regressed: (\w+):", result.stderr, re.MULTILINE)
    assert {"macs", "memory", "params"} <= set(regressed)


def run_example(first_line: str, folder: Path) -> str:
    command = [sys.executable, "-c", code_block("python", first_line)]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True, timeout=300
    ).stdout


def test_the_instruments_example_runs(tmp_path: Path) -> None:
    printed = run_example("import bench.macs, bench.memory, models", tmp_path)
    assert "'conv': 23840423936" in printed
    assert "'activations'" in printed


def test_the_weights_example_runs(tmp_path: Path) -> None:
    printed = run_example("import models\n", tmp_path)
    assert "447 loaded, 2 left out, 2 kept, the classifier is the network's own" in printed


def test_a_users_network_is_in_the_report(folder: Path) -> None:
    blvbench(folder, "blvbench report --store paper.sqlite --out own")
    text = (folder / "own" / "report.md").read_text()
    measured = re.findall(r"^\| my_network\.py:build \|", text, re.MULTILINE)
    assert len(measured) > 16


def test_published_counts_are_reproduced_but_for_those_known_to_differ(folder: Path) -> None:
    results = json.loads((folder / "report" / "results.json").read_text())
    mini = [one for one in results["agreement"] if "benchmark_mini" in one["source"]]
    differing = [one for one in mini if one["verdict"] != "reproduced"]
    assert len(mini) == 2 * 288
    assert len(differing) == 7
    for one in differing:
        assert (one["point"]["network"], one["quantity"]) == ("i3d", "macs")
        assert one["difference"] == 232_967_168
    text = (folder / "report" / "report.md").read_text()
    assert "296 published rows with counts: 286 are reproduced, 10 differ" in text
