"""A file is read without running its code, or refused in one line with the reason."""

import os
import pickle
import pickletools
import sys
import warnings
import zipfile
from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import models
from models.weights_file import MAX_BYTES, NESTED, Unread
from tests.models import checkpoints

FORMATS = {"zip": True, "legacy": False}  # how torch.save writes
KINDS = (*FORMATS, "safetensors", "pickle")
STATE = {"weight": torch.ones(2, 3), "bias": torch.ones(2)}
ARRAYS = {name: value.numpy() for name, value in STATE.items()}


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


@pytest.fixture
def model() -> nn.Module:
    return checkpoints.scrambled(nn.Linear(3, 2), seed=0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.pth"


def refusal(path: Path, model: nn.Module) -> str:
    """The error for `path`, one line."""
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path)
    return str(errors[0])


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("value", [Custom(), Custom, function, print, {Custom()}])
@pytest.mark.parametrize("place", ["inside", "beside", "after"])
def test_a_pickled_object(
    value: object, place: str, is_zip: bool, model: nn.Module, path: Path
) -> None:
    contents: dict[str, dict[str, Any]] = {
        "inside": {"arch": "linear", "state_dict": {**STATE, "culprit": value}},
        "beside": {"arch": "linear", "culprit": value, "state_dict": STATE},
        "after": {"state_dict": STATE, "epoch": 3, "culprit": value},
    }
    torch.save(contents[place], path, _use_new_zipfile_serialization=is_zip)
    assert "holds a pickled object under 'culprit' (" in refusal(path, model)


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("call", [os.system, eval, exec])
@pytest.mark.parametrize("depth", ["top", "inside"])
def test_a_payload_is_not_run(
    call: Callable[..., object], depth: str, is_zip: bool, model: nn.Module, tmp_path: Path
) -> None:
    path, marker = tmp_path / "weights.pth", tmp_path / "marker"
    code = f"touch {marker}" if call is os.system else f"open({str(marker)!r}, 'w')"
    content = {**STATE, "culprit": Payload(call, code)}
    torch.save(
        content if depth == "top" else {"state_dict": content},
        path,
        _use_new_zipfile_serialization=is_zip,
    )
    assert "holds a pickled object under 'culprit'" in refusal(path, model)
    assert not marker.exists()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("call", [os.system, eval, exec])
def test_a_payload_in_a_plain_pickle(
    call: Callable[..., object], protocol: int, model: nn.Module, tmp_path: Path
) -> None:
    path, marker = tmp_path / "weights.pkl", tmp_path / "marker"
    code = f"touch {marker}" if call is os.system else f"open({str(marker)!r}, 'w')"
    content = {"blobs": {**ARRAYS, "culprit": Payload(call, code)}}
    path.write_bytes(pickle.dumps(content, protocol))
    assert "holds a pickled object under 'culprit'" in refusal(path, model)
    assert not marker.exists()


def test_a_plain_pickle_of_tensors(model: nn.Module, path: Path) -> None:
    path.write_bytes(pickle.dumps({"state_dict": STATE}))
    assert "holds a pickled object under 'weight' (torch._utils." in refusal(path, model)


def test_a_plain_pickle_as_text(model: nn.Module, path: Path) -> None:
    path.write_bytes(pickle.dumps(ARRAYS, 0))
    assert "holds a pickle with the operation DICT: save the weights with" in refusal(path, model)


def test_a_plain_pickle_of_arrays(model: nn.Module, path: Path) -> None:
    content = {"blobs": {**ARRAYS, "lr": np.float32(0.1)}, "author": "someone"}
    path.write_bytes(pickle.dumps(content))
    report = models.load_checkpoint(model, path)
    assert checkpoints.same(checkpoints.weights(model), STATE)
    assert report.unread == ("author", "lr")


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
def test_a_key_that_stands_in_the_file_twice(is_zip: bool, model: nn.Module, path: Path) -> None:
    """A pickle stores a string once and refers to it afterwards."""
    content = {"culprit": 1, "state_dict": {**STATE, "culprit": Custom()}}
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    assert "under 'culprit' (" in refusal(path, model)


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
def test_a_whole_pickled_network(is_zip: bool, model: nn.Module, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the legacy format saves the source as well, if it can
        torch.save(model, path, _use_new_zipfile_serialization=is_zip)
    refused = refusal(path, model)
    assert "holds a pickled object" in refused
    assert "(torch.nn.modules.linear.Linear)" in refused


EXTRAS: dict[str, object] = {
    "args": Namespace(lr=0.1, out=Path("runs"), nested=Namespace(steps=[1, 2])),
    "accuracy": np.float64(71.5),
    "seeds": np.arange(3),
    "began": datetime(2026, 1, 2, tzinfo=UTC),
    "epoch": 3,
    "arch": "linear",
}


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("container", [*NESTED, ""])
def test_plain_extras_are_left_unread_and_named(
    container: str, is_zip: bool, model: nn.Module, path: Path
) -> None:
    content = {**EXTRAS, container: STATE} if container else {**STATE, **EXTRAS}
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    report = models.load_checkpoint(model, path)
    assert checkpoints.same(checkpoints.weights(model), STATE)
    assert set(report.unread) == content.keys() - {container, *STATE}
    assert "left unread: args, accuracy, " in str(report)


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
def test_the_logs_of_a_training_in_mmaction2(
    is_zip: bool, model: nn.Module, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "mmengine.logging.history_buffer"
    buffer = type("HistoryBuffer", (), {"__module__": name})
    module = ModuleType(name)
    module.HistoryBuffer = buffer  # type: ignore[attr-defined]
    for parent in ("mmengine", "mmengine.logging"):
        monkeypatch.setitem(sys.modules, parent, ModuleType(parent))
    monkeypatch.setitem(sys.modules, name, module)
    log = buffer()
    vars(log).update(_log_history=np.ones(3), max_length=10**6)
    content = {"meta": {"epoch": 3}, "message_hub": {"loss": log}, "state_dict": STATE}
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    report = models.load_checkpoint(model, path)
    assert checkpoints.same(checkpoints.weights(model), STATE)
    assert report.unread == ("meta", "message_hub")


def test_weights_deeper_in_a_file(model: nn.Module, path: Path) -> None:
    torch.save({"model": {"epoch": 1, "state_dict": STATE}, "model_ema": STATE}, path)
    report = models.load_checkpoint(model, path)
    assert checkpoints.same(checkpoints.weights(model), STATE)
    assert report.unread == ("model_ema", "epoch")


def test_an_averaged_network_and_the_counters_of_a_profiler(model: nn.Module, path: Path) -> None:
    averaged = torch.optim.swa_utils.AveragedModel(nn.Linear(3, 2))
    averaged.module.load_state_dict(STATE)
    profiled = {"module.total_ops": torch.ones(1), "module.total_params": torch.ones(1)}
    torch.save({**averaged.state_dict(), **profiled}, path)
    report = models.load_checkpoint(model, path)
    assert checkpoints.same(checkpoints.weights(model), STATE)
    assert report.left_out == ("n_averaged", *profiled)


def test_what_stands_for_an_object_holds_nothing() -> None:
    stand_in = Unread("any", ["arguments"])
    stand_in.__setstate__({"weight": 1})
    assert vars(stand_in) == {}


def plain_files(folder: Path) -> dict[str, Path]:
    """`STATE` in every format."""
    files = {name: folder / f"{name}.pth" for name in FORMATS}
    for name, path in files.items():
        torch.save(STATE, path, _use_new_zipfile_serialization=FORMATS[name])
    files["safetensors"] = folder / "weights.safetensors"
    save_file(STATE, files["safetensors"])
    files["pickle"] = folder / "weights.pkl"
    files["pickle"].write_bytes(pickle.dumps(ARRAYS, 2))
    return files


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ""])
def test_a_format_is_known_by_its_content(
    kind: str, suffix: str, model: nn.Module, tmp_path: Path
) -> None:
    path = plain_files(tmp_path)[kind].rename(tmp_path / f"renamed{suffix}")
    models.load_checkpoint(model, path)
    assert checkpoints.same(checkpoints.weights(model), STATE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_cut_off(kind: str, model: nn.Module, tmp_path: Path) -> None:
    path = plain_files(tmp_path)[kind]
    whole = path.read_bytes()
    for length in {*range(24), *range(24, len(whole), 31), len(whole) - 1}:
        path.write_bytes(whole[:length])
        refusal(path, model)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_loads_or_is_refused(kind: str, model: nn.Module, tmp_path: Path) -> None:
    path = plain_files(tmp_path)[kind]
    whole = path.read_bytes()
    for position in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        try:
            models.load_checkpoint(model, path)
        except models.CheckpointError as error:
            message = str(error)
            assert message.startswith(f"{path}: ")
            assert len(message.splitlines()) == 1


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    "content",
    [b"", b"hello\n", b"\x80\x02}q\x00.", b"S'\\q'\n.", *map(os.urandom, (1, 100, 5000))],
    ids=range(7),
)
def test_a_file_of_something_else(
    content: bytes, suffix: str, model: nn.Module, tmp_path: Path
) -> None:
    path = tmp_path / f"file{suffix}"
    path.write_bytes(content)
    refusal(path, model)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_no_file(suffix: str, model: nn.Module, tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / f"absent{suffix}", model)
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    assert "cannot be read (Is a directory)" in refusal(folder, model)


def test_a_zip_that_is_no_checkpoint(model: nn.Module, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/readme.txt", "hello")
    assert "is not a readable checkpoint" in refusal(path, model)


def test_torchscript(model: nn.Module, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated
        torch.jit.save(torch.jit.script(model), path)
    assert "TorchScript" in refusal(path, model)


def quantized() -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated
        return torch.quantize_per_tensor(torch.ones(2), 1.0, 0, torch.qint8)


def nested() -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is a prototype
        return torch.nested.nested_tensor([torch.ones(1), torch.ones(2)])


VALUES: dict[str, Callable[[], object]] = {
    "int": lambda: 3,
    "list": lambda: [1.0, 2.0],
    "None": lambda: None,
    "str": lambda: "text",
    "sparse": lambda: torch.eye(2).to_sparse(),
    "complex": lambda: torch.ones(2, dtype=torch.complex64),
    "quantized": quantized,
    "nested": nested,
    "meta": lambda: torch.ones(2, device="meta"),
}


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("kind", VALUES)
def test_a_value_that_is_no_plain_tensor(
    kind: str, is_zip: bool, model: nn.Module, path: Path
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # saving what is deprecated
        content = {**STATE, "bias": VALUES[kind]()}
        torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    found = refusal(path, model)
    assert "'bias'" in found
    assert kind != "nested" or "holds a nested tensor under" in found  # it is not built


@pytest.mark.parametrize("dtype", [torch.bits8, torch.float4_e2m1fn_x2], ids=str)
def test_numbers_that_cannot_be_copied(dtype: torch.dtype, model: nn.Module, path: Path) -> None:
    torch.save({**STATE, "bias": torch.ones(2, dtype=torch.uint8).view(dtype)}, path)
    assert "'bias' is not a plain tensor of numbers" in refusal(path, model)


@pytest.mark.parametrize("key", [0, None, (1, "weight"), b"weight", torch.eye(3)], ids=repr)
def test_a_key_that_is_no_name(key: object, model: nn.Module, path: Path) -> None:
    content: dict[object, torch.Tensor] = {"weight": torch.ones(2, 3), key: torch.ones(1)}
    torch.save(content, path)
    assert f"the key {' '.join(repr(key).split())} is not a string" in refusal(path, model)


@pytest.mark.parametrize("content", [{}, {"state_dict": {}}, {"model": {}}])
def test_a_file_of_nothing(content: object, model: nn.Module, path: Path) -> None:
    torch.save(content, path)
    assert "holds nothing instead of named weights" in refusal(path, model)


@pytest.mark.parametrize("content", [[torch.ones(1)], [], None, 3, torch.ones(2, 2)], ids=repr)
def test_weights_without_names(content: object, model: nn.Module, path: Path) -> None:
    torch.save(content, path)
    assert f"holds {type(content).__name__} instead of named weights" in refusal(path, model)


def test_an_archive_that_unpacks_to_more_than_it_holds(model: nn.Module, path: Path) -> None:
    state = {"weight": torch.zeros(1000, 1000), "bias": torch.zeros(2)}
    torch.save(state, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert "unpacks to more bytes than it has" in refusal(path, model)


@pytest.mark.parametrize("start", [b"", b"PK\x03\x04", b"\x80\x02", bytes(8) + b"{"])
def test_a_file_of_zeros_larger_than_any_checkpoint(
    start: bytes, model: nn.Module, path: Path
) -> None:
    with path.open("wb") as file:
        file.write(start)
        file.truncate(MAX_BYTES + 1)
    assert "larger than" in refusal(path, model)


@pytest.mark.parametrize("place", ["data.pkl", "DATA.PKL", "legacy"])
def test_a_pickle_that_asks_for_memory(place: str, model: nn.Module, path: Path) -> None:
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
    assert "holds a bytearray" in refusal(path, model)


TUPLES = {
    "deep": b")" + b"\x85" * 10**6,
    "doubled": b")" + b"".join(b"q%ch%c\x86" % (level, level) for level in range(64)),
}


@pytest.mark.parametrize("use", [b"K\x01s", b"Q"], ids=["as a key", "as a storage"])
@pytest.mark.parametrize("kind", TUPLES)
def test_tuples_that_never_end(kind: str, use: bytes, model: nn.Module, path: Path) -> None:
    """Each of them once crashed the process or never ended."""
    path.write_bytes(b"\x80\x02}" + TUPLES[kind] + use + b".")
    assert "holds tuples that are nested too deeply" in refusal(path, model)


def test_tuples_of_a_training_are_read(model: nn.Module, path: Path) -> None:
    nested: object = ()
    for level in range(50):
        nested = (nested, level)
    torch.save({"state_dict": STATE, "seen": tuple(range(50_000)), nested: nested}, path)
    models.load_checkpoint(model, path)
    assert checkpoints.same(checkpoints.weights(model), STATE)


def test_weights_without_their_numbers(model: nn.Module, path: Path) -> None:
    """For a file of the old format without values, PyTorch leaves memory uninitialised."""
    state = {"weight": torch.ones(1000, 1000), "bias": torch.ones(2)}
    torch.save(state, path, _use_new_zipfile_serialization=False)
    with path.open("rb") as file:
        for _ in range(4):
            list(pickletools.genops(file))
        kept = file.tell()
    path.write_bytes(path.read_bytes()[:kept] + pickle.dumps([], 2))
    assert "lacks values of its weights" in refusal(path, model)


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
def test_a_view_of_few_numbers_takes_no_memory(is_zip: bool, model: nn.Module, path: Path) -> None:
    huge = torch.ones(1).expand(10**6, 10**6)
    torch.save({**STATE, "weight": huge}, path, _use_new_zipfile_serialization=is_zip)
    assert "'weight' is (1000000, 1000000) in the file" in refusal(path, model)


def test_what_a_file_says_of_itself_is_text(model: nn.Module, path: Path) -> None:
    name = "weight\x1b[2J\n\u202e" * 1000
    torch.save({**STATE, name: [1]}, path)
    assert refusal(path, model).isprintable()
    torch.save({**STATE, name: 1, **{f"{n}": n for n in range(100)}}, path)
    shown = str(models.load_checkpoint(model, path))
    assert shown.isprintable()
    assert shown.endswith(" and 96 more")
    content = b"\x80\x02}X\x01\x00\x00\x00ac\x1b[2J\nevil\n)Rs."
    path.write_bytes(content)
    assert refusal(path, model).isprintable()
