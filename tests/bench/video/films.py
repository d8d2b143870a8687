"""Small videos whose every picture carries its index in its pixels."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av import VideoStream
from numpy.typing import NDArray
from torch import Tensor

from bench.errors import UnsupportedError
from bench.video.decoding import check_decoder
from bench.video.encoding import write_video

BITS, CELL = 8, 16  # a picture is a row of squares, white for the ones of its index
HEIGHT, WIDTH = 48, BITS * CELL
CODECS = {"libx264": ".mp4", "libvpx-vp9": ".webm"}


def _loads(decoder: str) -> bool:
    try:
        check_decoder(decoder)
    except UnsupportedError:
        return False
    return True


DECODERS = [
    "pyav",
    pytest.param(
        "torchcodec",
        marks=pytest.mark.skipif(not _loads("torchcodec"), reason="torchcodec does not load here"),
    ),
]


def numbered(total: int) -> NDArray[np.uint8]:
    bits = np.arange(total)[:, None] >> np.arange(BITS) & 1  # F x BITS
    row = np.repeat(bits * 255, CELL, axis=1).astype(np.uint8)  # F x W
    return np.broadcast_to(row[:, None, :, None], (total, HEIGHT, WIDTH, 3)).copy()


def write_numbered(path: Path, total: int, codec: str = "libx264") -> Path:
    write_video(path, numbered(total), rate=24, codec=codec)
    return path


def write_sound(path: Path) -> Path:
    """A file with a tone and no pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        tone.sample_rate = 8000
        container.mux(stream.encode(tone))
        container.mux(stream.encode(None))
    return path


def write_no_pictures(path: Path, codec: str) -> Path:
    """A file for a video stream that nothing is written to: AVI has one then, MP4 none."""
    with av.open(str(path), "w") as container:
        stream = cast("VideoStream", container.add_stream(codec, rate=24))
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        container.start_encoding()
    return path


def copy_packets(source: Path, target: Path, *, earlier_s: float = 0, **options: str) -> None:
    """The same pictures, not coded again, so much earlier and in a file of other options."""
    with av.open(str(source)) as inside, av.open(str(target), "w", options=options) as outside:
        stream = inside.streams.video[0]
        copy = outside.add_stream_from_template(stream)
        assert stream.time_base
        earlier = int(earlier_s / stream.time_base)
        for packet in inside.demux(stream):
            if packet.size:
                packet.pts = (packet.pts or 0) - earlier
                packet.dts = (packet.dts or 0) - earlier
                packet.stream = copy
                outside.mux(packet)


def edit_packets(
    source: Path, target: Path, edit: Callable[[int, bytes], Sequence[bytes]], *, rate: int = 24
) -> Path:
    """The packets of a film without B-frames, each as what `edit` makes of its number and bytes."""
    with av.open(str(source)) as inside, av.open(str(target), "w") as outside:
        stream = inside.streams.video[0]
        copy = outside.add_stream_from_template(stream)
        place = 0
        for number, packet in enumerate(p for p in inside.demux(stream) if p.size):
            for content in edit(number, bytes(packet)):
                edited = av.Packet(content)
                edited.stream, edited.is_keyframe = copy, packet.is_keyframe
                edited.time_base, edited.pts, edited.dts = Fraction(1, rate), place, place
                edited.duration = 1
                outside.mux(edited)
                place += 1
    return target


def indices(pictures: Tensor) -> list[int]:
    """The indices in the pixels of F x 3 x H x W."""
    assert pictures.shape[1:] == (3, HEIGHT, WIDTH)
    cells = pictures[:, 0, HEIGHT // 2, CELL // 2 :: CELL] > 127  # F x BITS
    return [sum(int(bit) << place for place, bit in enumerate(row)) for row in cells]
