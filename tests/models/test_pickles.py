"""Pickles are inspected and never loaded; test_weights_file.py does the same through a file."""

import io
import pickle
from pathlib import Path

import pytest
import torch

from models.pickles import MAX_DEPTH, find_danger, find_key, is_archive


def nest(depth: int) -> object:
    value: object = ()
    for _ in range(depth):
        value = (value,)
    return value


def doubled(times: int) -> object:
    value: object = (1,)
    for _ in range(times):
        value = (value, value)
    return value


@pytest.mark.parametrize(
    ("value", "danger"),
    [
        ({"weight": [1.0, (2, 3)]}, ""),
        (bytearray(10), "a bytearray"),
        ({"weight": 1.0, "bias": bytearray(10)}, "a bytearray under 'bias'"),
        (nest(MAX_DEPTH - 2), ""),
        (nest(MAX_DEPTH + 1), "tuples"),
        (doubled(25), "tuples"),
    ],
)
def test_danger_is_found_in_the_operations(value: object, danger: str) -> None:
    found = find_danger(io.BytesIO(pickle.dumps(value, protocol=2)))
    assert found.startswith(danger)
    assert bool(found) == bool(danger)


def test_what_is_no_pickle_is_left_to_the_loader() -> None:
    assert find_danger(io.BytesIO(b"text")) == ""


def test_the_key_before_an_object(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save({"weight": torch.ones(1), "folder": Path("x")}, path)
    with path.open("rb") as file:
        assert is_archive(file)
        assert find_key(file, f"pathlib.{type(Path()).__name__}") == "folder"
        assert find_key(file, "module.Absent") is None
