"""Whatever a file holds, it is read, or refused in one line."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.amount import INPUTS, IS_NIGHT
from tests.fuzz.mutations import inputs
from tests.fuzz.readers import READERS, Reader


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def place(folder: Path, reader: Reader) -> Path:
    """A folder for the files of one reader."""
    own = folder / reader.name
    own.mkdir(exist_ok=True)
    return own


@pytest.mark.parametrize("name", READERS)
def test_seeds_are_read(name: str, folder: Path) -> None:
    reader = READERS[name]
    for seed in reader.seeds():
        reader.read(_written(place(folder, reader) / reader.file, seed))


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_are_read_or_refused(name: str, folder: Path) -> None:
    reader = READERS[name]
    own = place(folder, reader)

    @settings(
        max_examples=INPUTS,
        derandomize=not IS_NIGHT,
        phases=(Phase.generate, Phase.shrink),  # explaining traces every line: that takes hours
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(content=inputs(reader))
    def check(content: bytes) -> None:
        reader.check(own, content)

    check()
