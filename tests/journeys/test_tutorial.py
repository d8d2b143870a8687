"""The tutorial, command by command: each prints what the page shows."""

from pathlib import Path

from tests.journeys.documented import commands_of, follow, run_example, write_files


def test_the_tutorial_leads_where_it_says(tmp_path: Path) -> None:
    write_files(tmp_path)
    for command in commands_of("tutorial"):
        follow(command, tmp_path)
    assert (tmp_path / "tutorial" / "index.html").exists()
    printed = run_example("import blvbench\n\nwith blvbench.open_store", tmp_path)
    assert "23.84" in printed
