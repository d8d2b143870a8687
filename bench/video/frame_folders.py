"""Videos as folders of JPEG frames.

The number of a frame is the last number in its file name: `00001.jpg`, `img_00001.jpg`.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.video.container import MAX_PIXELS, VideoError, check_size
from bench.video.decoding import Pick, Pictures

if TYPE_CHECKING:
    from torch import Tensor

NUMBER = re.compile(r"(\d+)\.jpe?g", re.IGNORECASE)


def read_frames(folder: Path, first: int, last: int, pick: Pick) -> Pictures:
    """The pictures among frames `first` to `last` whose indices `pick` returns, in that order.

    Raises `VideoError` for a missing folder, and for frames that are missing, truncated or of
    different sizes.
    """
    import torch

    files = frame_files(folder, first, last)
    wanted = pick(len(files))
    read = {index: _picture(files[index]) for index in sorted(set(wanted))}
    if len({picture.shape for picture in read.values()}) > 1:
        raise VideoError(folder, "corrupt", "its frames are of different sizes")
    return Pictures(torch.stack([read[index] for index in wanted]), len(files))  # F x 3 x H x W


def frame_files(folder: Path, first: int, last: int) -> list[Path]:
    """The files of frames `first` to `last`. Raises `VideoError` if one is missing."""
    files = _number_files(folder)
    total = last - first + 1
    present = sum(first <= number <= last for number in files)
    if not present:
        raise VideoError(folder, "no picture", f"has no frame from {first} to {last}")
    if present < total:
        absent = next(number for number in range(first, last + 1) if number not in files)
        reason = f"lacks {total - present} frames of {total}, such as {absent}"
        raise VideoError(folder, "truncated", reason)
    return [files[number] for number in range(first, last + 1)]


def _number_files(folder: Path) -> dict[int, Path]:
    try:
        names = sorted(path for path in folder.iterdir())
    except OSError as error:
        raise VideoError(folder, "missing", "there is no such folder of frames") from error
    found = ((NUMBER.search(path.name), path) for path in names)
    return {int(match[1]): path for match, path in found if match}


def _picture(path: Path) -> "Tensor":
    """A JPEG file as 3 x H x W."""
    from PIL import Image, UnidentifiedImageError
    from torchvision.transforms.v2.functional import pil_to_tensor

    try:
        if path.stat().st_size == 0:
            raise VideoError(path, "empty", "has 0 bytes")
        with _strict(), Image.open(path, formats=["JPEG"]) as image:
            check_size(path, *image.size)
            return pil_to_tensor(image.convert("RGB"))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise VideoError(path, "too large", f"has more than {MAX_PIXELS:,} pixels") from error
    except UnidentifiedImageError as error:
        raise VideoError(path, "corrupt", "is not a JPEG picture") from error
    except VideoError:
        raise
    except Exception as error:  # Pillow raises various errors for a damaged file
        raise VideoError(path, "corrupt", f"cannot be decoded: {error}") from error


@contextmanager
def _strict() -> Iterator[None]:
    """Within: Pillow's warning about too many pixels is an error; other warnings are ignored."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield
