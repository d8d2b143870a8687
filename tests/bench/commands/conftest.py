from pathlib import Path

import pytest

from bench.commands import main
from bench.video import arrow_of_time
from tests.bench.commands.lines import QUICK, SMALL
from tests.bench.video.films import write_numbered


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes with four videos each."""
    folder = tmp_path_factory.mktemp("data")
    for place, name in enumerate(("a", "b", "c")):
        (folder / name).mkdir()
        for number in range(4):
            write_numbered(folder / name / f"{number}.mp4", 8 + 4 * place + number)
    return folder


@pytest.fixture(scope="module")
def where(data: Path) -> list[str]:
    return ["--data", str(data), "--layout", "folders"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory, where: list[str]) -> Path:
    """A TSN trained on the folder."""
    out = tmp_path_factory.mktemp("weights") / "tsn.safetensors"
    assert main(["train", "tsn", *SMALL, *QUICK, *where, "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store for all tests of a file: what one has measured, the next one finds."""
    return tmp_path_factory.mktemp("compare") / "s.sqlite"


@pytest.fixture
def small_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_of_time, "PER_CLASS", {"train": 2, "test": 1})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
