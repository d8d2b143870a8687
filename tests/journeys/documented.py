"""The commands and files that the README and the documentation show, and the printed lines."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "guides").glob("*.md")),
    *sorted((ROOT / "docs" / "reference").glob("*.md")),
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
# Commands, and the lines that the last of them prints.
SHELL = re.compile(r"^```sh\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
SUITES = ("Tutorial", "Seconds", "Gate")  # titles; each suite is in a file of that name
LAST_RESORT_S = 1800  # a command that takes longer has hung

# Pages whose commands are one journey each, in the order of the page.
WHOLE_PAGES = ("tutorial", "data", "import")
# Commands that need no result of another one, on whatever page they are.
ALONE = ("doctor", "models", "suites", "measure", "fit", "compare")


@dataclass(frozen=True)
class Command:
    """A command line, the lines that it prints, and the first page that shows it."""

    line: str
    shown: tuple[str, ...]
    page: str

    @property
    def name(self) -> str:
        return self.line.split()[1]

    @property
    def journey(self) -> str:
        """The journey that runs it."""
        if self.page in WHOLE_PAGES:
            return self.page
        if self.name in ALONE:
            return "alone"
        return "published" if "run published" in self.line else "paper"


def blocks(page: Path) -> list[tuple[str, str]]:
    """The language and the text of each block of code."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def _commands() -> Iterator[Command]:
    seen = set()
    for page in PAGES:
        for text, printed in SHELL.findall(page.read_text(encoding="utf-8")):
            *others, last = text.splitlines()
            shown = {last: tuple(printed.splitlines())}
            for line in (*others, last):
                if line.startswith("blvbench ") and line not in seen:
                    seen.add(line)
                    yield Command(line, shown.get(line, ()), page.stem)


COMMANDS = tuple(_commands())


def commands_of(journey: str) -> list[Command]:
    """The commands that a journey runs, in the order of the pages."""
    return [command for command in COMMANDS if command.journey == journey]


def code_block(language: str, start: str) -> str:
    """The only block in `language` that begins with `start`."""
    every = [block for page in PAGES for block in blocks(page)]
    (found,) = (text for kind, text in every if kind == language and text.startswith(start))
    return found


def write_files(folder: Path) -> None:
    """Write the files that the pages tell their reader to write."""
    (folder / "my_network.py").write_text(code_block("python", "# my_network.py"))
    for title in SUITES:
        suite = code_block("toml", f'title = "{title}"')
        (folder / f"{title.lower()}.toml").write_text(suite)


def blvbench(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a command line of a page in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "blvbench", *line.split()[1:]],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},  # the width of the tables in the pages
        capture_output=True,
        text=True,
        timeout=LAST_RESORT_S,
        check=False,
    )


def follow(command: Command, folder: Path, exit_code: int = 0) -> None:
    """Run a command of a page; check its exit code and the lines that it prints."""
    result = blvbench(folder, command.line)
    assert result.returncode == exit_code, f"{command.line}: {result.stderr}"
    printed = result.stdout.splitlines()
    assert [row for row in command.shown if row not in printed] == [], command.line


def run_example(first_line: str, folder: Path) -> str:
    """Run an example in Python; returns what it prints."""
    return subprocess.run(
        [sys.executable, "-c", code_block("python", first_line)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=LAST_RESORT_S,
    ).stdout
