"""Reads the weights in a file without running anything that the file holds."""

import pickletools
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from models.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor

NESTED = ("state_dict", "model")  # where training scripts keep the weights beside other things
# What any tensor can be filled from: other types cannot be copied, or lose a part of the number.
NUMBERS = re.compile(r"torch\.(bool|uint8|int(8|16|32|64)|b?float(16|32|64))")
LEGACY_PICKLES = 5  # a file of PyTorch before 1.6 starts with that many, the weights' among them


def read_weights(path: Path) -> "dict[str, Tensor]":
    """The tensors of a checkpoint by name, on the CPU.

    Takes safetensors, and what `torch.save` wrote: the weights alone, or under `state_dict` or
    `model`. Raises `CheckpointError` that names the file and the first key that is no weight.
    """
    try:
        content = _read(path)
    except OSError as error:
        raise CheckpointError(
            f"{path}: cannot be read ({error.strerror or error}): check the path"
        ) from error
    except Exception as error:  # a damaged file makes the readers raise whatever they stumble over
        raise CheckpointError(f"{path}: {_explain(path, error)}") from error
    return _weights(path, content)


def _read(path: Path) -> Any:
    import torch
    from safetensors.torch import load_file

    with path.open("rb") as file, warnings.catch_warnings():
        if file.read(9)[8:] == b"{":  # safetensors: a length of 8 bytes, and JSON
            return load_file(path)
        file.seek(0)
        warnings.simplefilter("ignore")  # of what is refused here anyway
        return torch.load(file, map_location="cpu", weights_only=True)


def _explain(path: Path, error: Exception) -> str:
    """What is wrong with a file that could not be read, and what to do."""
    found = re.search(r"GLOBAL (\S+) (?:was not an allowed|whose module)", str(error))
    if found:
        key = _key_of(path, found[1])
        where = f" under {key!r}" if key else ""
        return f"holds a pickled object{where} ({found[1]}): save the tensors alone"
    # Behind the first sentence, PyTorch advises to run what the file holds.
    reason = re.split(r"\.\s|\n", str(error))[0]
    what = f"{type(error).__name__}: {reason}".removesuffix(": ")
    return f"is no checkpoint that can be read ({what}): it may be cut off; copy it again"


def _key_of(path: Path, name: str) -> str | None:
    """The dictionary key that stands before the object of class `name` in a pickle."""
    key: str | None = None
    pushed: str | None = None  # by the last operation, if it was a string
    memo: dict[int, str | None] = {}
    own_name = name.rpartition(".")[2]  # the module may have its name of Python 2
    try:
        with path.open("rb") as file:
            for opcode, argument in _opcodes(file):
                if opcode == "GLOBAL" and argument.endswith(f" {own_name}"):
                    return key
                if opcode == "PROTO":  # a pickle begins
                    key, memo = None, {}
                if opcode.endswith("PUT"):
                    memo[argument] = pushed
                elif opcode.endswith("GET"):
                    pushed = memo.get(argument)
                else:
                    pushed = argument if opcode.endswith(("UNICODE", "STRING")) else None
                key = pushed or key
    except Exception:  # the key only helps; the refusal stands without it
        return None
    return None


def _opcodes(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """The names and arguments of a checkpoint's pickle operations; none of them is carried out."""
    pickles: list[IO[bytes]] = [file] * LEGACY_PICKLES
    if zipfile.is_zipfile(file):
        archive = zipfile.ZipFile(file)
        pickles = [archive.open(n) for n in archive.namelist() if n.endswith("/data.pkl")]
    else:
        file.seek(0)
    for pickle in pickles:
        for opcode, argument, _ in pickletools.genops(pickle):
            yield opcode.name, argument


def _weights(path: Path, content: Any) -> "dict[str, Tensor]":
    import torch

    for name in NESTED:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
            break
    if not isinstance(content, Mapping) or not content:
        what = "nothing" if isinstance(content, Mapping) else type(content).__name__
        raise CheckpointError(f"{path}: holds {what}, no weights by name: save a state_dict")
    for key, value in content.items():
        if not isinstance(key, str):
            name = " ".join(repr(key).split())
            raise CheckpointError(f"{path}: the key {name} is no name: save a state_dict")
        if not isinstance(value, torch.Tensor):
            raise CheckpointError(
                f"{path}: {key!r} is of type {type(value).__name__}, no tensor: save a state_dict"
            )
        if not _is_plain(value):
            raise CheckpointError(f"{path}: {key!r} is no plain tensor of numbers: convert it")
    return dict(content)


def _is_plain(value: "Tensor") -> bool:
    """Whether any network could take over the numbers of `value`."""
    import torch

    is_whole = value.layout == torch.strided and not value.is_nested and not value.is_meta
    return is_whole and NUMBERS.fullmatch(str(value.dtype)) is not None
