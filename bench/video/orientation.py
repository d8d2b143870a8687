"""The orientation of a film: how its pictures are turned and mirrored to be shown.

A phone stores its pictures as its sensor sees them, and beside them a display matrix. FFmpeg gives
the matrix with every decoded frame, from the container or from the stream itself.
Source: ISO/IEC 14496-12, section 6.2.2, and FFmpeg's libavutil/display.h.
"""

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import numpy as np
    from av import VideoFrame
    from av.buffer import Buffer
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Orientation:
    """Rows and columns are exchanged if `is_transposed`; then columns and rows are reversed."""

    is_transposed: bool = False
    reverses_columns: bool = False
    reverses_rows: bool = False

    def apply(self, pictures: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
        """Turn pictures ... x H x W x 3; a transposed one is ... x W x H x 3."""
        if self.is_transposed:
            pictures = pictures.swapaxes(-3, -2)
        if self.reverses_columns:
            pictures = pictures[..., ::-1, :]
        return pictures[..., ::-1, :, :] if self.reverses_rows else pictures


def orientation_of(frame: "VideoFrame") -> Orientation:
    """How `frame` is shown. Another angle than a quarter turn is rounded to the nearest one."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return Orientation()
    # The point (x, y) of the stored picture is shown at (a x + c y, b x + d y).
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(cast("Buffer", data)))
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, reverses_columns=c < 0, reverses_rows=b < 0)
    return Orientation(reverses_columns=a < 0, reverses_rows=d < 0)
