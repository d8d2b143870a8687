"""The orientation of a film: how its pictures are turned and mirrored to be shown.

A phone stores its pictures as its sensor sees them, and beside them a display matrix. FFmpeg gives
the matrix with every decoded frame, from the container or from the stream itself.
A stream gives it with its first picture only.
Source: ISO/IEC 14496-12, section 6.2.2; ITU-T H.264, section D.1.27; FFmpeg's libavutil/display.h.
"""

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from av import VideoFrame
    from av.buffer import Buffer
    from numpy.typing import NDArray

# A message of H.264 or HEVC: type 47, "display orientation", and its length in bytes. Messages
# come before a picture.
MESSAGE = re.compile(rb"\x2f[\x03-\x07]")
SEARCHED_BYTES = 2048


@dataclass(frozen=True)
class Orientation:
    """Rows and columns are exchanged if `is_transposed`; then columns and rows are reversed."""

    is_transposed: bool = False
    reverses_columns: bool = False
    reverses_rows: bool = False

    def apply(self, pictures: "NDArray[Any]") -> "NDArray[Any]":
        """Turn pictures ... x H x W x 3; a transposed one is ... x W x H x 3."""
        if self.is_transposed:
            pictures = pictures.swapaxes(-3, -2)
        if self.reverses_columns:
            pictures = pictures[..., ::-1, :]
        return pictures[..., ::-1, :, :] if self.reverses_rows else pictures


AS_STORED = Orientation()


def may_say_orientation(packet: bytes) -> bool:
    """Whether a first packet of H.264 or HEVC may have a message about the orientation."""
    return MESSAGE.search(packet, 0, SEARCHED_BYTES) is not None


def orientation_of(frame: "VideoFrame", otherwise: Orientation = AS_STORED) -> Orientation:
    """How `frame` is shown; `otherwise` if it does not say.

    Another angle than a quarter turn is rounded to the nearest one.
    """
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return otherwise
    # The point (x, y) of the stored picture is shown at (a x + c y, b x + d y).
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(cast("Buffer", data)))
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, reverses_columns=c < 0, reverses_rows=b < 0)
    return Orientation(reverses_columns=a < 0, reverses_rows=d < 0)
