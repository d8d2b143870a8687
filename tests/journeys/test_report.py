"""A report that is measured in stages by the program's own commands."""

import json
from pathlib import Path

import pytest

from blvbench import main
from reports import command
from suites.stages import Stage

SUITE = """
title = "Small"
description = "A count."
[[sweep]]
networks = ["{network}"]
depths = [18]
frames = [2]
input_size = 32
quantities = ["macs"]
"""


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command line with three stages: a suite of TSN, a suite of TSM, a budget of both."""
    monkeypatch.chdir(tmp_path)
    for network in ("tsn", "tsm"):
        Path(f"{network}.toml").write_text(SUITE.format(network=network))
    small = ("--input-size", "32", "--networks", "tsn,tsm", "--depths", "18", "--max-frames", "2")
    commands = (
        ("run", "tsn.toml"),
        ("run", "tsm.toml"),
        ("compare", "--macs", "1G", *small),
    )
    stages = tuple(
        Stage(title=f"stage {number}", brings="figures", command=one, sections=("latency",))
        for number, one in enumerate(commands, start=1)
    )
    monkeypatch.setattr(command, "load_stages", lambda plan: stages)
    return ["report", "--measure", "quick", "--store", "s.sqlite", "--out", "out"]


def networks() -> set[str]:
    content = json.loads(Path("out", "results.json").read_text())
    return {record["point"]["network"] for record in content["measurements"]}


def test_all_stages_are_in_the_page(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line) == 0
    assert networks() >= {"tsn", "tsm"}
    assert "eing measured" not in Path("out", "index.html").read_text()
    said = capsys.readouterr().out.splitlines()
    assert [one.partition(",")[0] for one in said] == ["1 of 3", "2 of 3", "3 of 3"]
    assert said[-1].endswith("out/index.html has figures. The report is complete.")


def test_a_stage_that_cannot_run_leaves_the_page_of_those_before(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("tsm.toml").write_text("title = 3")
    assert main(line) == 2
    assert networks() == {"tsn"}
    first, last = capsys.readouterr().err.splitlines()[-2:]
    assert first.startswith("blvbench: tsm.toml: ")
    assert last.startswith("blvbench: the stage 'stage 2' failed: ")
    assert "eing measured" not in Path("out", "index.html").read_text()
