"""A file that asks for code to run, or for more memory than it has, is refused in one line."""

import os
import pickle
import pickletools
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import models
from models.weights_file import MAX_BYTES
from tests.models import checkpoints
from tests.models.weights_files import ARRAYS, FORMATS, STATE, refusal


class Custom:
    """An object that a training script may have stored in its file."""


class Payload:
    """An object that writes a marker file when it is unpickled."""

    def __init__(self, call: Callable[..., object], argument: str) -> None:
        self.call, self.argument = call, argument

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return self.call, (self.argument,)


def function() -> None:
    """A function that is pickled by its name."""


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("value", [Custom(), Custom, function, print, {Custom()}])
@pytest.mark.parametrize("place", ["inside", "beside", "after"])
def test_a_pickled_object(
    value: object, place: str, is_zip: bool, linear: nn.Module, path: Path
) -> None:
    contents: dict[str, dict[str, Any]] = {
        "inside": {"arch": "linear", "state_dict": {**STATE, "culprit": value}},
        "beside": {"arch": "linear", "culprit": value, "state_dict": STATE},
        "after": {"state_dict": STATE, "epoch": 3, "culprit": value},
    }
    torch.save(contents[place], path, _use_new_zipfile_serialization=is_zip)
    assert "holds a pickled object under 'culprit' (" in refusal(path, linear)


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("call", [os.system, eval, exec])
@pytest.mark.parametrize("depth", ["top", "inside"])
def test_a_payload_is_not_run(
    call: Callable[..., object], depth: str, is_zip: bool, linear: nn.Module, tmp_path: Path
) -> None:
    path, marker = tmp_path / "weights.pth", tmp_path / "marker"
    code = f"touch {marker}" if call is os.system else f"open({str(marker)!r}, 'w')"
    content = {**STATE, "culprit": Payload(call, code)}
    torch.save(
        content if depth == "top" else {"state_dict": content},
        path,
        _use_new_zipfile_serialization=is_zip,
    )
    assert "holds a pickled object under 'culprit'" in refusal(path, linear)
    assert not marker.exists()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("call", [os.system, eval, exec])
def test_a_payload_in_a_plain_pickle(
    call: Callable[..., object], protocol: int, linear: nn.Module, tmp_path: Path
) -> None:
    path, marker = tmp_path / "weights.pkl", tmp_path / "marker"
    code = f"touch {marker}" if call is os.system else f"open({str(marker)!r}, 'w')"
    content = {"blobs": {**ARRAYS, "culprit": Payload(call, code)}}
    path.write_bytes(pickle.dumps(content, protocol))
    assert "holds a pickled object under 'culprit'" in refusal(path, linear)
    assert not marker.exists()


def test_a_plain_pickle_of_tensors(linear: nn.Module, path: Path) -> None:
    path.write_bytes(pickle.dumps({"state_dict": STATE}))
    assert "holds a pickled object under 'weight' (torch._utils." in refusal(path, linear)


def test_a_plain_pickle_as_text(linear: nn.Module, path: Path) -> None:
    path.write_bytes(pickle.dumps(ARRAYS, 0))
    assert "holds a pickle with the operation DICT: save the weights with" in refusal(path, linear)


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
def test_a_key_that_stands_in_the_file_twice(is_zip: bool, linear: nn.Module, path: Path) -> None:
    """A pickle stores a string once and refers to it afterwards."""
    content = {"culprit": 1, "state_dict": {**STATE, "culprit": Custom()}}
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    assert "under 'culprit' (" in refusal(path, linear)


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
def test_a_whole_pickled_network(is_zip: bool, linear: nn.Module, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the legacy format saves the source as well, if it can
        torch.save(linear, path, _use_new_zipfile_serialization=is_zip)
    refused = refusal(path, linear)
    assert "holds a pickled object" in refused
    assert "(torch.nn.modules.linear.Linear)" in refused


def test_an_archive_that_unpacks_to_more_than_it_holds(linear: nn.Module, path: Path) -> None:
    state = {"weight": torch.zeros(1000, 1000), "bias": torch.zeros(2)}
    torch.save(state, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert "unpacks to more bytes than it has" in refusal(path, linear)


@pytest.mark.parametrize("start", [b"", b"PK\x03\x04", b"\x80\x02", bytes(8) + b"{"])
def test_a_file_of_zeros_larger_than_any_checkpoint(
    start: bytes, linear: nn.Module, path: Path
) -> None:
    with path.open("wb") as file:
        file.write(start)
        file.truncate(MAX_BYTES + 1)
    assert "larger than" in refusal(path, linear)


@pytest.mark.parametrize("place", ["data.pkl", "DATA.PKL", "legacy"])
def test_a_pickle_that_asks_for_memory(place: str, linear: nn.Module, path: Path) -> None:
    torch.save(STATE, path, _use_new_zipfile_serialization=place != "legacy")
    key, size = b"X\x06\x00\x00\x00weight", (1 << 30).to_bytes(4, "little")
    bomb = b"\x80\x02}" + key + b"c__builtin__\nbytearray\nJ" + size + b"\x85Rs."
    if place == "legacy":  # the first pickle is as good a place as any
        path.write_bytes(bomb)
    else:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                is_pickle = name.endswith("/data.pkl")
                archive.writestr(name.replace("data.pkl", place), bomb if is_pickle else content)
    assert "holds a bytearray" in refusal(path, linear)


TUPLES = {
    "deep": b")" + b"\x85" * 10**6,
    "doubled": b")" + b"".join(b"q%ch%c\x86" % (level, level) for level in range(64)),
}


@pytest.mark.parametrize("use", [b"K\x01s", b"Q"], ids=["as a key", "as a storage"])
@pytest.mark.parametrize("kind", TUPLES)
def test_tuples_that_never_end(kind: str, use: bytes, linear: nn.Module, path: Path) -> None:
    """Each of them once crashed the process or never ended."""
    path.write_bytes(b"\x80\x02}" + TUPLES[kind] + use + b".")
    assert "holds tuples that are nested too deeply" in refusal(path, linear)


def test_tuples_of_a_training_are_read(linear: nn.Module, path: Path) -> None:
    nested: object = ()
    for level in range(50):
        nested = (nested, level)
    torch.save({"state_dict": STATE, "seen": tuple(range(50_000)), nested: nested}, path)
    models.load_checkpoint(linear, path)
    assert checkpoints.same(checkpoints.weights(linear), STATE)


def test_weights_without_their_numbers(linear: nn.Module, path: Path) -> None:
    """For a file of the old format without values, PyTorch leaves memory uninitialised."""
    state = {"weight": torch.ones(1000, 1000), "bias": torch.ones(2)}
    torch.save(state, path, _use_new_zipfile_serialization=False)
    with path.open("rb") as file:
        for _ in range(4):
            list(pickletools.genops(file))
        kept = file.tell()
    path.write_bytes(path.read_bytes()[:kept] + pickle.dumps([], 2))
    assert "lacks values of its weights" in refusal(path, linear)


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
def test_a_view_of_few_numbers_takes_no_memory(is_zip: bool, linear: nn.Module, path: Path) -> None:
    huge = torch.ones(1).expand(10**6, 10**6)
    torch.save({**STATE, "weight": huge}, path, _use_new_zipfile_serialization=is_zip)
    assert "'weight' is (1000000, 1000000) in the file" in refusal(path, linear)
