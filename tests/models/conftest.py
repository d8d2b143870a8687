from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from torch import nn

from tests.models import checkpoints, own_files

Write = Callable[[dict[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files under a folder of the test and return the path of the first."""

    def files(contents: dict[str, str]) -> Path:
        for name, text in contents.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        return tmp_path / next(iter(contents))

    return files


@pytest.fixture
def imports_are_left_alone() -> Iterator[None]:
    before = own_files.imports()
    yield
    assert own_files.imports() == before


@pytest.fixture
def linear() -> nn.Module:
    """A layer whose weights have the names and shapes of `weights_files.STATE`."""
    return checkpoints.scrambled(nn.Linear(3, 2), seed=0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """For a file of weights."""
    return tmp_path / "weights.pth"
