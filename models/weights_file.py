"""Read the weights in a file without running any code that the file holds."""

import os
import re
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import CheckpointError
from models.pickles import find_danger, find_key, is_archive, under
from models.plain_pickles import PlainPickleError, is_plain, read_plain

if TYPE_CHECKING:
    from torch import Tensor

# Keys under which training scripts store the weights, the usual ones first; averages over the
# training (EMA) come last.
NESTED = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "module",  # DeepSpeed
    "net",
    "network",
    "weights",
    "blobs",  # Caffe2
    "state_dict_ema",
    "model_ema",
    "ema",
)
MAX_LEVELS = 3  # of such keys inside of each other
# Objects that training scripts store beside the weights. None of them is built.
LEFT_UNREAD = (
    "argparse.Namespace",
    "types.SimpleNamespace",
    "datetime.date",
    "datetime.datetime",
    "datetime.timedelta",
    "datetime.timezone",
    "pathlib.Path",
    "pathlib.PosixPath",
    "pathlib.PurePosixPath",
    "pathlib.WindowsPath",
    "pathlib._local.PosixPath",
    "mmengine.logging.history_buffer.HistoryBuffer",  # of the trainings of MMAction2
    "numpy.dtype",
    "numpy.ndarray",
    *(
        f"numpy.{core}.multiarray.{name}"
        for core in ("core", "_core")
        for name in ("_reconstruct", "scalar")
    ),
)
# Types that can be copied to any tensor: others cannot, or lose a part of the number.
NUMBERS = re.compile(r"torch\.(bool|uint8|int(8|16|32|64)|b?float(16|32|64))")
# Of a file. A network of 4 GiB has a billion weights, fifty times the largest video network here.
MAX_BYTES = 4 << 30
MAX_SHOWN = 200  # characters of the file's text in an error


class Unread:
    """Stands for an object of a checkpoint that was not built; everything about it is ignored."""

    def __new__(cls, *_: object) -> "Unread":
        """The same for all arguments."""
        return super().__new__(cls)

    def __setstate__(self, _: object) -> None:
        """Ignore the state of the object."""


HARMLESS = (bool, int, float, str, type(None), Unread)  # values beside weights, of one dictionary


@dataclass(frozen=True)
class WeightsFile:
    """The tensors of a checkpoint by name, on the CPU, and the names of what else it holds."""

    weights: "dict[str, Tensor]"
    unread: tuple[str, ...]


def read_weights(path: Path) -> WeightsFile:
    """The weights in a checkpoint.

    Reads safetensors, files of `torch.save` and pickles of numpy arrays, with the weights at the
    top or under one of the names in `NESTED`. Raises `CheckpointError` with the file and the first
    key that is not a weight.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about contents that are refused here anyway
        return _weights(path, _content(path))


def _content(path: Path) -> Any:
    """The content of the file; raises `CheckpointError` if it cannot be read."""
    try:
        _check_size(path)
        return _read(path)
    except CheckpointError:
        raise
    except PlainPickleError as error:
        raise CheckpointError(
            f"{path}: holds {quote(str(error))}: save the weights with torch.save or as safetensors"
        ) from error
    except OSError as error:
        raise CheckpointError(
            f"{path}: cannot be read ({error.strerror or error}): check the path"
        ) from error
    except Exception as error:  # for a damaged file the readers may raise any exception
        raise CheckpointError(f"{path}: {_explain(path, error)}") from error


def _check_size(path: Path) -> None:
    """Raise `CheckpointError` for a file that needs more memory than it has bytes.

    `torch.save` does not compress, so the entries of its archive are not longer than the file.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size > MAX_BYTES:
            raise CheckpointError(f"{path}: larger than {MAX_BYTES} bytes: give a checkpoint")
        if is_archive(file):
            archive = zipfile.ZipFile(file)
            if sum(member.file_size for member in archive.infolist()) > size:
                raise CheckpointError(
                    f"{path}: unpacks to more bytes than it has: save it again with torch.save"
                )
        if danger := find_danger(file):
            raise CheckpointError(f"{path}: holds {danger}: save only plain tensors")


def _read(path: Path) -> Any:
    import torch
    from safetensors.torch import load_file

    with path.open("rb") as file:
        if file.read(9)[8:] == b"{":  # safetensors: a length of 8 bytes, and JSON
            return load_file(path)
        if is_plain(file):
            return read_plain(file, path.stat().st_size)
        file.seek(0)
        stand_ins: list[Any] = [(Unread, name) for name in LEFT_UNREAD]
        with torch.serialization.safe_globals(stand_ins):
            return torch.load(file, map_location="cpu", weights_only=True)


def _explain(path: Path, error: Exception) -> str:
    """Why a file could not be read, and what to do."""
    found = re.search(r"GLOBAL (\S+) (?:was not an allowed|whose module)", str(error))
    if found:
        with path.open("rb") as file:
            where = under(find_key(file, found[1]))
        return f"holds a pickled object{where} ({quote(found[1])}): save only the tensors"
    # After the first sentence, PyTorch advises to run the code in the file.
    reason = re.split(r"\.\s|\n", str(error))[0]
    what = f"{type(error).__name__}: {quote(reason)}".removesuffix(": ")
    return f"is not a readable checkpoint ({what}): it may be cut off; copy it again"


def quote(text: str) -> str:
    """Text of the file for an error message: one line of limited length."""
    return text[:MAX_SHOWN] if text[:MAX_SHOWN].isprintable() else repr(text[:MAX_SHOWN])


def _weights(path: Path, content: Any) -> WeightsFile:
    import torch

    unread: list[str] = []
    for _ in range(MAX_LEVELS):
        name = _container(content)
        if name is None:
            break
        unread += [quote(str(other)) for other in content if other != name]
        content = content[name]
    if not isinstance(content, Mapping) or not content:
        what = "nothing" if isinstance(content, Mapping) else type(content).__name__
        raise CheckpointError(f"{path}: holds {what} instead of named weights: save a state_dict")
    weights = {}
    for key, value in content.items():
        if not isinstance(key, str):
            name = quote(" ".join(repr(key).split()))
            raise CheckpointError(f"{path}: the key {name} is not a string: save a state_dict")
        if isinstance(value, HARMLESS):
            unread.append(quote(key))
            continue
        if not isinstance(value, torch.Tensor):
            kind = type(value).__name__
            raise CheckpointError(
                f"{path}: {key!r:.120} is of type {kind}, not a tensor: save a state_dict"
            )
        if not _is_plain(value):
            raise CheckpointError(
                f"{path}: {key!r:.120} is not a plain tensor of numbers: convert it"
            )
        weights[key] = value
    _check_storages(path, weights)
    return WeightsFile(weights, tuple(unread))


def _container(content: Any) -> str | None:
    """The key of `content` that holds the weights; None if `content` itself holds them."""
    if not isinstance(content, Mapping):
        return None
    return next((name for name in NESTED if isinstance(content.get(name), Mapping)), None)


def _check_storages(path: Path, weights: "Mapping[str, Tensor]") -> None:
    """Raise `CheckpointError` if the weights take more memory than the file has bytes."""
    storages = [tensor.untyped_storage() for tensor in weights.values()]
    sizes = {storage.data_ptr(): storage.nbytes() for storage in storages}
    if sum(sizes.values()) > path.stat().st_size:
        raise CheckpointError(
            f"{path}: lacks values of its weights: it may be cut off; copy it again"
        )


def _is_plain(value: "Tensor") -> bool:
    """Whether the numbers of `value` can be copied into a network's weight."""
    import torch

    is_dense = value.layout == torch.strided and not value.is_nested and not value.is_meta
    return is_dense and NUMBERS.fullmatch(str(value.dtype)) is not None
