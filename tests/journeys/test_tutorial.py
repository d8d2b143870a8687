"""The tutorial, command by command: each prints what the page shows."""

import re
from pathlib import Path

from tests.journeys.documented import ROOT, commands_of, follow, run_example, write_files

TUTORIAL = ROOT / "docs" / "tutorial.md"


def test_the_tutorial_leads_where_it_says(tmp_path: Path) -> None:
    write_files(tmp_path)
    for command in commands_of("tutorial"):
        follow(command, tmp_path)
    answers = re.findall(r"^> (.+)$", TUTORIAL.read_text(encoding="utf-8"), flags=re.MULTILINE)
    report = (tmp_path / "tutorial" / "report.md").read_text(encoding="utf-8")
    assert answers
    assert [one for one in answers if f"- {one}" not in report.splitlines()] == []
    printed = run_example("import blvbench\n\nwith blvbench.open_store", tmp_path)
    assert "23.84" in printed
