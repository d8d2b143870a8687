from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a new file of the content."""

    def write_file(content: str | bytes) -> Path:
        file = tmp_path / f"list{len(list(tmp_path.iterdir()))}"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write_file
