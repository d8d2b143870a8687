import builtins
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError, UnsupportedError
from bench.video.logs import open_logs


def test_a_line_a_step(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    with open_logs(file, None, done=0) as write:
        write(1, 2.5, 0.1)
        assert file.read_text().splitlines() == ["step,loss,learning_rate", "1,2.5,0.1"]
        write(2, 1.5, 0.05)
    assert file.read_text().splitlines()[-1] == "2,1.5,0.05"


def test_what_goes_on_keeps_the_steps_that_were_kept(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("step,loss,learning_rate\n1,3.0,0.1\n2,2.0,0.1\n3,1.0,0.1\n4,0.")
    with open_logs(file, None, done=2) as write:
        write(3, 1.25, 0.1)
    assert file.read_text().splitlines() == [
        *("step,loss,learning_rate", "1,3.0,0.1", "2,2.0,0.1", "3,1.25,0.1")
    ]
    with open_logs(file, None, done=0):
        pass
    assert file.read_text() == "step,loss,learning_rate\n"


def test_a_file_of_someone_else_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.csv"
    file.write_text("name,value\na,1\n")
    with pytest.raises(BenchError, match="not a log of a training"), open_logs(file, None, done=0):
        pass
    assert file.read_text() == "name,value\na,1\n"


def test_where_it_cannot_be_written_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(BenchError, match=r"log\.csv: cannot be written"),
        open_logs(tmp_path / "no" / "log.csv", None, done=0),
    ):
        pass


def test_without_tensorboard_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = builtins.__import__

    def refuse(name: str, *others: Any) -> Any:
        if name == "torch.utils.tensorboard":
            raise ImportError(name)
        return imported(name, *others)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with (
        pytest.raises(UnsupportedError, match=r"\.\[tensorboard\]"),
        open_logs(None, tmp_path, done=0),
    ):
        pass


def test_lines_that_are_no_numbers_are_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    lines = ["1,2.5,0.5", "=1,2.5,0.5", "1,=cmd|x,0.5", "2,nan,1e-05", f"{'9' * 5000},1,1"]
    path.write_text("\n".join(["step,loss,learning_rate", *lines, ""]), "utf-8")
    with open_logs(path, None, done=2) as write:
        write(3, 1.0, 0.25)
    kept = path.read_text("utf-8").splitlines()
    assert kept[1:] == ["1,2.5,0.5", "2,nan,1e-05", "3,1.0,0.25"]


def test_a_log_that_csv_cannot_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f"step,loss,learning_rate\n{'9' * 200_000},1,1\n", "utf-8")
    with (
        pytest.raises(BenchError, match="is not a log of a training run"),
        open_logs(path, None, done=1),
    ):
        pass
