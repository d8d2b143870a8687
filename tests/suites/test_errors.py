from pathlib import Path

import pytest

from bench.commands import main


def test_a_wrong_suite_ends_a_command_with_one_line_and_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = tmp_path / "s.toml"
    suite.write_text('title = "t"\ndescription = "d"\nswep = []\n')
    assert main(["run", str(suite), "--store", str(tmp_path / "s.sqlite")]) == 2
    message = f"{suite}: swep: unknown key (did you mean 'sweep'?)"
    assert capsys.readouterr().err == f"blvbench: {message}\n"
