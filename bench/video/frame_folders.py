"""Videos as folders of frames: JPEG, PNG or WebP pictures, numbered from 0 or from 1.

The number of a frame is the last number in its file name: `00001.jpg`, `img_00001.png`. Optical
flow beside the frames, such as `x_00001.jpg` or `flow_y_00001.jpg`, is left alone.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.video.container import MAX_PIXELS, VideoError, check_size
from bench.video.decoding import Pick, Pictures
from bench.wording import count_text

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

FORMATS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WebP"}  # Pillow's names, and ours
NUMBERED = re.compile(r"([^.].*?)??(\d+)\.(?:jpe?g|png|webp)", re.IGNORECASE | re.ASCII)
# Words in the names of optical flow, and words that may stand beside them.
FLOW = {"flow", "flowx", "flowy", "opticalflow", "x", "y", "u", "v", "h"}
BESIDE_FLOW = {"", "img", "image", "frame", "optical", "tvl"}


def read_frames(folder: Path, first: int, last: int, pick: Pick) -> Pictures:
    """The pictures among frames `first` to `last` whose indices `pick` returns, in that order.

    Raises `VideoError` for a missing folder, and for frames that are missing, truncated, ambiguous
    or of different sizes.
    """
    import torch

    numbered = _number_files(folder)
    files = _range(folder, numbered, first, last)
    wanted = pick(len(files))
    read = {index: _picture(files[index]) for index in sorted(set(wanted))}
    if len({picture.shape for picture, _ in read.values()}) > 1:
        raise VideoError(folder, "corrupt", "its frames are of different sizes")
    picked = torch.stack([read[index][0] for index in wanted])  # F x 3 x H x W
    kinds = " and ".join(sorted({kind for _, kind in read.values()}))
    return Pictures(picked, len(files), f"{kinds} from {min(numbered)}")


def frame_files(folder: Path, first: int, last: int) -> list[Path]:
    """The files of frames `first` to `last`, which are one less if the folder counts from 0.

    Raises `VideoError` if one is missing, or if two have the same number.
    """
    return _range(folder, _number_files(folder), first, last)


def _range(folder: Path, files: dict[int, list[Path]], first: int, last: int) -> list[Path]:
    if first == 1 and 0 in files and last not in files:
        first, last = 0, last - 1
    elif first == 0 and 0 not in files and last + 1 in files:
        first, last = 1, last + 1
    total = last - first + 1
    present = sum(first <= number <= last for number in files)
    if not present:
        reason = f"has no frame from {first} to {last}: its frames are {min(files)} to {max(files)}"
        raise VideoError(folder, "no picture", reason)
    if present < total:
        absent = next(number for number in range(first, last + 1) if number not in files)
        reason = f"lacks {count_text(total - present, 'frame')} of {total:,}, such as {absent}"
        raise VideoError(folder, "truncated", reason)
    for number in range(first, last + 1):
        if len(files[number]) > 1:
            names = " and ".join(repr(file.name) for file in files[number][:2])
            raise VideoError(folder, "ambiguous", f"has several files of frame {number}: {names}")
    return [files[number][0] for number in range(first, last + 1)]


def _number_files(folder: Path) -> dict[int, list[Path]]:
    """The files of frames by number, without optical flow if there is anything else.

    Raises `VideoError` if there is no frame.
    """
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise VideoError(folder, "missing", "there is no such folder of frames") from error
    found = [(match, path) for path in paths if (match := NUMBERED.fullmatch(path.name))]
    files: dict[int, list[Path]] = {}
    flow: dict[int, list[Path]] = {}
    for match, path in found:
        kept = flow if _is_flow(match[1] or "") else files
        kept.setdefault(int(match[2]), []).append(path)
    if not found:
        names = ", ".join(repr(path.name) for path in paths[:2]) or "nothing"
        reason = f"has no numbered JPEG, PNG or WebP file such as 'img_00001.jpg', but {names}"
        raise VideoError(folder, "no picture", reason)
    return files or flow


def _is_flow(name: str) -> bool:
    """Whether `name`, which stands before a number, is one of optical flow."""
    words = set(re.split(r"[^a-z]+", name.lower()))
    return bool(words & FLOW) and words <= FLOW | BESIDE_FLOW


def _picture(path: Path) -> "tuple[Tensor, str]":
    """A picture as 3 x H x W, as it is shown, and the name of its format."""
    from PIL import Image, UnidentifiedImageError
    from torchvision.transforms.v2.functional import pil_to_tensor

    try:
        if path.stat().st_size == 0:
            raise VideoError(path, "empty", f"{path.name!r} has 0 bytes")
        with _strict(), Image.open(path, formats=["JPEG", "PNG", "WEBP"]) as image:
            check_size(path, *image.size)
            return pil_to_tensor(_as_shown(image)), FORMATS[image.format or ""]
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        reason = f"{path.name!r} has more than {MAX_PIXELS:,} pixels"
        raise VideoError(path, "too large", reason) from error
    except UnidentifiedImageError as error:
        reason = f"{path.name!r} is not a JPEG, PNG or WebP picture"
        raise VideoError(path, "corrupt", reason) from error
    except VideoError:
        raise
    except Exception as error:  # Pillow raises various errors for a damaged file
        reason = f"{path.name!r} cannot be decoded: {error}"
        raise VideoError(path, "corrupt", reason) from error


def _as_shown(image: "Image") -> "Image":
    """The picture in RGB, turned as its EXIF data say; 16 bits of grey are scaled to 8."""
    import numpy as np
    from PIL import Image, ImageOps

    turned = ImageOps.exif_transpose(image)
    if turned.mode.startswith("I"):
        turned = Image.fromarray((np.asarray(turned) >> 8).astype(np.uint8))
    return turned.convert("RGB")


@contextmanager
def _strict() -> Iterator[None]:
    """Within: Pillow's warning about too many pixels is an error; other warnings are ignored."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield
