"""Files of scores, so that networks evaluated on different machines can form an ensemble."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from bench.errors import BenchError
from bench.text import printable
from bench.video.evaluation import Scores

FORMAT_VERSION = 1  # 1: names, labels, logits, the network and the clips
MAX_BYTES = 1 << 30  # of the arrays; a million videos of 174 classes need less


@dataclass(frozen=True)
class NamedScores:
    """Scores with the name of their network and a digest of the clips."""

    network: str
    clips_digest: str
    scores: Scores


def write_scores(path: Path, named: NamedScores) -> None:
    """Write scores as a NumPy .npz file. Raises `BenchError` if that fails."""
    header = {"format": FORMAT_VERSION, "network": named.network, "clips": named.clips_digest}
    content = io.BytesIO()
    np.savez_compressed(
        content,
        of=np.array(json.dumps(header)),
        names=np.array(named.scores.names),
        labels=named.scores.labels.numpy(),
        logits=named.scores.logits.numpy(),
    )
    try:
        path.write_bytes(content.getvalue())
    except BenchError:
        raise
    except OSError as error:
        raise BenchError(f"{path}: cannot be written ({error.strerror}): give another") from error


def read_scores(path: Path) -> NamedScores:
    """Read a file of `write_scores`. Raises `BenchError` for any other file."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise BenchError(f"{path}: has more than {MAX_BYTES} bytes: these are not scores")
        with np.load(path, allow_pickle=False) as arrays:
            return _name_scores(
                path, {name: arrays[name] for name in ("of", "names", "labels", "logits")}
            )
    except BenchError:
        raise
    except OSError as error:
        reason = error.strerror or "damaged"
        raise BenchError(f"{path}: cannot be read ({reason}): check the path") from error
    except Exception as error:  # NumPy and zipfile raise various errors for a damaged file
        raise BenchError(
            f"{path}: has no scores of 'blvbench evaluate': give another file"
        ) from error


def _name_scores(path: Path, arrays: dict[str, "np.ndarray"]) -> NamedScores:
    header = json.loads(str(arrays["of"]))
    if header["format"] != FORMAT_VERSION:
        raise BenchError(f"{path}: has scores of another version: evaluate the network again")
    names, labels, logits = arrays["names"], arrays["labels"], arrays["logits"]
    if not (names.ndim == labels.ndim == 1 and logits.ndim == 2 and len(names)):
        raise ValueError("the arrays' dimensions")
    if not len(names) == len(labels) == len(logits):
        raise ValueError("the arrays' lengths")
    if names.dtype.kind != "U" or labels.dtype != np.int64 or logits.dtype != np.float32:
        raise ValueError("the arrays' types")
    if not ((labels >= 0) & (labels < logits.shape[1])).all():
        raise ValueError("a label without a class")
    if not np.isfinite(logits).all():
        raise ValueError("a logit that is not finite")
    scores = Scores(tuple(names.tolist()), torch.from_numpy(labels), torch.from_numpy(logits), ())
    return NamedScores(printable(header["network"]), printable(header["clips"]), scores)
