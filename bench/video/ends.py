"""Whether the end of a video file is missing, by the sizes that its container states.

Only a part that holds pictures counts: an index or notes at the end may be cut off.
Sources: RFC 9559 (Matroska), Microsoft's AVI RIFF reference, ISO/IEC 14496-12 (MP4).
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

Part = tuple[bytes, int, int]  # the name of a part of a file, where its content begins and ends
Header = Callable[[bytes], tuple[bytes, int, int] | None]  # from bytes: name, own length, content's

EBML, SEGMENT, CLUSTER = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
MP4_STARTS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
WITH_PICTURES = (b"moov", b"moof", b"mdat")  # boxes of MP4
HEADER_BYTES = 16  # at most


def missing_bytes(path: Path) -> int:
    """The number of bytes beyond the end of the file that its container states; 0 if unknown."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
        if start.startswith(EBML):
            end = _matroska_end(file, size)
        elif start[:4] == b"RIFF" and start[8:12] == b"AVI ":
            end = _avi_end(file, size)
        elif start[4:8] in MP4_STARTS:
            boxes = _parts(file, 0, size, _box)
            end = max((end for name, _, end in boxes if name in WITH_PICTURES), default=0)
        else:
            end = 0
    return max(0, end - size)


def _matroska_end(file: BinaryIO, size: int) -> int:
    for name, start, end in _parts(file, 0, size, _element):
        if name == SEGMENT and end > size:
            *_, (last, _, last_end) = (SEGMENT, start, size), *_parts(file, start, size, _element)
            # If the file ends between two elements, those that are missing are not known.
            return end if last == CLUSTER or last_end == size else 0
    return 0


def _avi_end(file: BinaryIO, size: int) -> int:
    for name, start, _ in _parts(file, 0, size, _chunk):
        if name == b"RIFF":
            for inner, inner_start, end in _parts(file, start + 4, size, _chunk):
                file.seek(inner_start)
                if inner == b"LIST" and end > size and file.read(4) == b"movi":
                    return end
    return 0


def _parts(file: BinaryIO, start: int, size: int, read_header: Header) -> Iterator[Part]:
    """The parts of the file from `start`; the last one may end beyond `size`."""
    while start < size:
        file.seek(start)
        header = read_header(file.read(HEADER_BYTES))
        if header is None:
            return
        name, own, length = header
        yield name, start + own, start + own + length
        start += own + length


def _box(header: bytes) -> tuple[bytes, int, int] | None:
    length, name = int.from_bytes(header[:4]), header[4:8]
    if length == 1:
        return name, 16, max(0, int.from_bytes(header[8:]) - 16)
    return (name, 8, length - 8) if length >= 8 else None  # 0: to the end of the file


def _chunk(header: bytes) -> tuple[bytes, int, int] | None:
    length = int.from_bytes(header[4:8], "little")
    return header[:4], 8, length + length % 2


def _element(header: bytes) -> tuple[bytes, int, int] | None:
    name = 9 - header[0].bit_length()
    own = name + 9 - header[name : name + 1].rjust(1, b"\0")[0].bit_length()
    if name > 4 or own > min(name + 8, len(header)):
        return None
    bits = 7 * (own - name)
    length = int.from_bytes(header[name:own]) - (1 << bits)
    return (header[:name], own, length) if length < (1 << bits) - 1 else None  # else unknown
