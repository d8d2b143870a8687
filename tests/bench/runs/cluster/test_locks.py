import fcntl
from pathlib import Path

import pytest

from bench.runs.cluster.locks import is_locked, lock


def test_a_lock_is_one_holders_until_its_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock(path) as first:
        assert first
        assert is_locked(path)
        with lock(path) as second:
            assert not second
        assert is_locked(path)  # who did not get it frees nothing
    assert not is_locked(path)
    with lock(path) as again:
        assert again


def test_a_file_that_is_not_there_is_made_by_who_locks_it_alone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    assert not path.exists()
    with lock(path):
        assert path.exists()


def test_what_the_file_holds_stays(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("told")
    with lock(path):
        pass
    assert path.read_text() == "told"


def test_a_file_system_without_locks_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with lock(tmp_path / "lock") as is_ours:
        assert is_ours
    assert not is_locked(tmp_path / "lock")


def test_an_error_of_the_block_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lock(tmp_path / "lock"):
        raise ZeroDivisionError
    assert not is_locked(tmp_path / "lock")
