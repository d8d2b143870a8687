"""JSON files: read with checks, since anybody may have written them, and written whole."""

import json
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.errors import BenchError
from bench.text import in_one_line, printable

MAX_BYTES = 64 << 20  # enough for the bundled suites on 20 GPUs
UNKNOWN_KEY = "extra_forbidden"  # pydantic's name of the error


def load_object(path: Path, *, advice: str) -> dict[str, Any]:
    """The JSON object in the file at `path`.

    Raises `BenchError`, which ends with `advice`, for anything else.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BenchError(f"{path}: cannot be read ({error.strerror}): check the path") from error
    if len(content) > MAX_BYTES:
        raise BenchError(f"{path}: is larger than {MAX_BYTES} bytes: {advice}")
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BenchError(f"{path}: is not JSON ({error}): {advice}") from error
    if not isinstance(data, dict):
        raise BenchError(f"{path}: is not a JSON object: {advice}")
    return data


def check_keys(path: Path, content: dict[str, Any], known: Collection[str], *, advice: str) -> None:
    """Raise `BenchError`, which ends with `advice`, for a key that is not `known`."""
    if unknown := sorted(set(content) - set(known)):
        raise BenchError(f"{path}: {printable(unknown[0]):.60}: unknown key: {advice}")


def write_whole(path: Path, text: str, *, advice: str) -> None:
    """Write `text` to `path`, whole or not at all.

    Raises `BenchError`, which ends with `advice`, if it cannot be written or is too large to read.
    """
    if len(text.encode()) > MAX_BYTES:
        raise BenchError(f"{path}: would be larger than {MAX_BYTES} bytes: {advice}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing.") as folder:
            temporary = Path(folder, path.name)
            temporary.write_text(text, encoding="utf-8", newline="\n")
            temporary.replace(path)
    except OSError as error:
        raise BenchError(f"{path}: {error.strerror}: {advice}") from error


def explain(error: Exception) -> str:
    """An error of a record in one line: the key, and what is wrong with it."""
    if not isinstance(error, ValidationError):
        return in_one_line(str(error))
    # A misspelt key comes first: it is the cause of a missing one.
    first = min(error.errors(), key=lambda e: e["type"] != UNKNOWN_KEY)
    key = ".".join(printable(f"{part!s:.60}") for part in first["loc"])
    message = "unknown key" if first["type"] == UNKNOWN_KEY else first["msg"]
    return in_one_line(f"{key}: {message}" if key else message)
