"""Reads the weights in a file without running anything that the file holds."""

import os
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import CheckpointError
from models.pickles import harm_of, is_archive, key_of

if TYPE_CHECKING:
    from torch import Tensor

NESTED = ("state_dict", "model")  # where training scripts keep the weights beside other things
# What any tensor can be filled from: other types cannot be copied, or lose a part of the number.
NUMBERS = re.compile(r"torch\.(bool|uint8|int(8|16|32|64)|b?float(16|32|64))")
# Of a file; a network of 4 GiB has a billion weights, fifty times the largest video network here.
MAX_BYTES = 4 << 30
MOST_SHOWN = 200  # letters of what the file says, in an error


def read_weights(path: Path) -> "dict[str, Tensor]":
    """The tensors of a checkpoint by name, on the CPU.

    Takes safetensors, and what `torch.save` wrote: the weights alone, or under `state_dict` or
    `model`. Raises `CheckpointError` that names the file and the first key that is no weight.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is refused here anyway
        return _weights(path, _content(path))


def _content(path: Path) -> Any:
    """What the file holds; raises `CheckpointError` where that cannot be read."""
    try:
        _check_size(path)
        return _read(path)
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(
            f"{path}: cannot be read ({error.strerror or error}): check the path"
        ) from error
    except Exception as error:  # a damaged file makes the readers raise whatever they stumble over
        raise CheckpointError(f"{path}: {_explain(path, error)}") from error


def _check_size(path: Path) -> None:
    """Raise `CheckpointError` for what would take more memory than the file has bytes.

    `torch.save` compresses nothing, so the entries of its archive are no longer than the file.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size > MAX_BYTES:
            raise CheckpointError(f"{path}: larger than {MAX_BYTES} bytes: this is no checkpoint")
        if is_archive(file):
            archive = zipfile.ZipFile(file)
            if sum(member.file_size for member in archive.infolist()) > size:
                raise CheckpointError(
                    f"{path}: unpacks to more bytes than it has: save it anew with torch.save"
                )
        if harm := harm_of(file):
            raise CheckpointError(f"{path}: holds {harm}: save the tensors alone")


def _read(path: Path) -> Any:
    import torch
    from safetensors.torch import load_file

    with path.open("rb") as file:
        if file.read(9)[8:] == b"{":  # safetensors: a length of 8 bytes, and JSON
            return load_file(path)
        file.seek(0)
        return torch.load(file, map_location="cpu", weights_only=True)


def _explain(path: Path, error: Exception) -> str:
    """What is wrong with a file that could not be read, and what to do."""
    found = re.search(r"GLOBAL (\S+) (?:was not an allowed|whose module)", str(error))
    if found:
        key = key_of(path, found[1])
        where = f" under {key!r:.120}" if key else ""
        return f"holds a pickled object{where} ({shown(found[1])}): save the tensors alone"
    # Behind the first sentence, PyTorch advises to run what the file holds.
    reason = re.split(r"\.\s|\n", str(error))[0]
    what = f"{type(error).__name__}: {shown(reason)}".removesuffix(": ")
    return f"is no checkpoint that can be read ({what}): it may be cut off; copy it again"


def shown(text: str) -> str:
    """Text of the file in an error: in one line, and no longer than one takes."""
    return text[:MOST_SHOWN] if text[:MOST_SHOWN].isprintable() else repr(text[:MOST_SHOWN])


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
            name = shown(" ".join(repr(key).split()))
            raise CheckpointError(f"{path}: the key {name} is no name: save a state_dict")
        if not isinstance(value, torch.Tensor):
            kind = type(value).__name__
            raise CheckpointError(
                f"{path}: {key!r:.120} is of type {kind}, no tensor: save a state_dict"
            )
        if not _is_plain(value):
            raise CheckpointError(f"{path}: {key!r:.120} is no plain tensor of numbers: convert it")
    _check_storages(path, content)
    return dict(content)


def _check_storages(path: Path, weights: "Mapping[str, Tensor]") -> None:
    """Raise `CheckpointError` where the weights' memory is more than the file could fill."""
    storages = [tensor.untyped_storage() for tensor in weights.values()]
    sizes = {storage.data_ptr(): storage.nbytes() for storage in storages}
    if sum(sizes.values()) > path.stat().st_size:
        raise CheckpointError(f"{path}: lacks numbers of its weights: it may be cut off")


def _is_plain(value: "Tensor") -> bool:
    """Whether any network could take over the numbers of `value`."""
    import torch

    is_whole = value.layout == torch.strided and not value.is_nested and not value.is_meta
    return is_whole and NUMBERS.fullmatch(str(value.dtype)) is not None
