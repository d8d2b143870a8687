"""A file of weights is read, or refused in one line with the reason."""

import os
import pickle
import sys
import warnings
import zipfile
from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import models
from models.weights_file import NESTED, Unread
from tests.models import checkpoints
from tests.models.weights_files import ARRAYS, FORMATS, STATE, refusal


def test_a_plain_pickle_of_arrays(linear: nn.Module, path: Path) -> None:
    content = {"blobs": {**ARRAYS, "lr": np.float32(0.1)}, "author": "someone"}
    path.write_bytes(pickle.dumps(content))
    report = models.load_checkpoint(linear, path)
    assert checkpoints.same(checkpoints.weights(linear), STATE)
    assert report.unread == ("author", "lr")


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
    container: str, is_zip: bool, linear: nn.Module, path: Path
) -> None:
    content = {**EXTRAS, container: STATE} if container else {**STATE, **EXTRAS}
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    report = models.load_checkpoint(linear, path)
    assert checkpoints.same(checkpoints.weights(linear), STATE)
    assert set(report.unread) == content.keys() - {container, *STATE}
    assert "left unread: args, accuracy, " in str(report)


@pytest.mark.parametrize("is_zip", FORMATS.values(), ids=FORMATS)
def test_the_logs_of_a_training_in_mmaction2(
    is_zip: bool, linear: nn.Module, path: Path, monkeypatch: pytest.MonkeyPatch
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
    report = models.load_checkpoint(linear, path)
    assert checkpoints.same(checkpoints.weights(linear), STATE)
    assert report.unread == ("meta", "message_hub")


def test_weights_deeper_in_a_file(linear: nn.Module, path: Path) -> None:
    torch.save({"model": {"epoch": 1, "state_dict": STATE}, "model_ema": STATE}, path)
    report = models.load_checkpoint(linear, path)
    assert checkpoints.same(checkpoints.weights(linear), STATE)
    assert report.unread == ("model_ema", "epoch")


def test_an_averaged_network_and_the_counters_of_a_profiler(linear: nn.Module, path: Path) -> None:
    averaged = torch.optim.swa_utils.AveragedModel(nn.Linear(3, 2))
    averaged.module.load_state_dict(STATE)
    profiled = {"module.total_ops": torch.ones(1), "module.total_params": torch.ones(1)}
    torch.save({**averaged.state_dict(), **profiled}, path)
    report = models.load_checkpoint(linear, path)
    assert checkpoints.same(checkpoints.weights(linear), STATE)
    assert report.left_out == ("n_averaged", *profiled)


def test_what_stands_for_an_object_holds_nothing() -> None:
    stand_in = Unread("any", ["arguments"])
    stand_in.__setstate__({"weight": 1})
    assert vars(stand_in) == {}


KINDS = (*FORMATS, "safetensors", "pickle")


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
    kind: str, suffix: str, linear: nn.Module, tmp_path: Path
) -> None:
    path = plain_files(tmp_path)[kind].rename(tmp_path / f"renamed{suffix}")
    models.load_checkpoint(linear, path)
    assert checkpoints.same(checkpoints.weights(linear), STATE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_cut_off(kind: str, linear: nn.Module, tmp_path: Path) -> None:
    path = plain_files(tmp_path)[kind]
    whole = path.read_bytes()
    for length in {*range(24), *range(24, len(whole), 31), len(whole) - 1}:
        path.write_bytes(whole[:length])
        refusal(path, linear)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_loads_or_is_refused(kind: str, linear: nn.Module, tmp_path: Path) -> None:
    path = plain_files(tmp_path)[kind]
    whole = path.read_bytes()
    for position in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        try:
            models.load_checkpoint(linear, path)
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
    content: bytes, suffix: str, linear: nn.Module, tmp_path: Path
) -> None:
    path = tmp_path / f"file{suffix}"
    path.write_bytes(content)
    refusal(path, linear)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_no_file(suffix: str, linear: nn.Module, tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / f"absent{suffix}", linear)
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    assert "cannot be read (Is a directory)" in refusal(folder, linear)


def test_a_zip_that_is_no_checkpoint(linear: nn.Module, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/readme.txt", "hello")
    assert "is not a readable checkpoint" in refusal(path, linear)


def test_torchscript(linear: nn.Module, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated
        torch.jit.save(torch.jit.script(linear), path)
    assert "TorchScript" in refusal(path, linear)


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
    kind: str, is_zip: bool, linear: nn.Module, path: Path
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # saving what is deprecated
        content = {**STATE, "bias": VALUES[kind]()}
        torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    found = refusal(path, linear)
    assert "'bias'" in found
    assert kind != "nested" or "holds a nested tensor under" in found  # it is not built


@pytest.mark.parametrize("dtype", [torch.bits8, torch.float4_e2m1fn_x2], ids=str)
def test_numbers_that_cannot_be_copied(dtype: torch.dtype, linear: nn.Module, path: Path) -> None:
    torch.save({**STATE, "bias": torch.ones(2, dtype=torch.uint8).view(dtype)}, path)
    assert "'bias' is not a plain tensor of numbers" in refusal(path, linear)


@pytest.mark.parametrize("key", [0, None, (1, "weight"), b"weight", torch.eye(3)], ids=repr)
def test_a_key_that_is_no_name(key: object, linear: nn.Module, path: Path) -> None:
    content: dict[object, torch.Tensor] = {"weight": torch.ones(2, 3), key: torch.ones(1)}
    torch.save(content, path)
    assert f"the key {' '.join(repr(key).split())} is not a string" in refusal(path, linear)


@pytest.mark.parametrize("content", [{}, {"state_dict": {}}, {"model": {}}])
def test_a_file_of_nothing(content: object, linear: nn.Module, path: Path) -> None:
    torch.save(content, path)
    assert "holds nothing instead of named weights" in refusal(path, linear)


@pytest.mark.parametrize("content", [[torch.ones(1)], [], None, 3, torch.ones(2, 2)], ids=repr)
def test_weights_without_names(content: object, linear: nn.Module, path: Path) -> None:
    torch.save(content, path)
    assert f"holds {type(content).__name__} instead of named weights" in refusal(path, linear)


def test_what_a_file_says_of_itself_is_text(linear: nn.Module, path: Path) -> None:
    name = "weight\x1b[2J\n\u202e" * 1000
    torch.save({**STATE, name: [1]}, path)
    assert refusal(path, linear).isprintable()
    torch.save({**STATE, name: 1, **{f"{n}": n for n in range(100)}}, path)
    shown = str(models.load_checkpoint(linear, path))
    assert shown.isprintable()
    assert shown.endswith(" and 96 more")
    content = b"\x80\x02}X\x01\x00\x00\x00ac\x1b[2J\nevil\n)Rs."
    path.write_bytes(content)
    assert refusal(path, linear).isprintable()
