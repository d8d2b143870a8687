"""Every documented command that needs no other one; and every command is documented."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from blvbench import command_table
from tests.journeys import documented
from tests.journeys.documented import COMMANDS, Command, commands_of, follow, write_files


@pytest.mark.parametrize("command", commands_of("alone"), ids=lambda command: command.line)
def test_a_command_runs_as_it_stands(command: Command, tmp_path: Path) -> None:
    write_files(tmp_path)
    follow(command, tmp_path)


def test_every_command_is_documented() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in documented.PAGES)
    # These need a GPU.
    by_module = set(re.findall(r"^python -m blvbench (\w+)", text, flags=re.MULTILINE))
    assert {command.name for command in COMMANDS} | by_module == set(command_table())


def test_every_documented_command_has_its_journey() -> None:
    journeys = {"alone", "paper", "published", *documented.WHOLE_PAGES}
    assert {command.journey for command in COMMANDS} == journeys


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    listing = [sys.executable, "-m", "blvbench", "measure", "tsn", "--depth", "18", "--per-layer"]
    with subprocess.Popen(
        [*listing, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
