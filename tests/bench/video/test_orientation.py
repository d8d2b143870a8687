"""Films that are stored turned or mirrored, with a display matrix."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from numpy.typing import NDArray

from bench.video.decoding import Decoder, read_file
from tests.bench.video.films import DECODERS

HEIGHT, WIDTH = 64, 96
ONE = 1 << 16
# The matrix maps a stored point (x, y) to the shown one (a x + c y, b x + d y): its a, b, c, d, and
# the shown picture of a stored one.
MATRICES = {
    "as stored": ((1, 0, 0, 1), lambda p: p),
    "clockwise": ((0, 1, -1, 0), lambda p: np.rot90(p, -1)),
    "half a turn": ((-1, 0, 0, -1), lambda p: np.rot90(p, 2)),
    "counterclockwise": ((0, -1, 1, 0), lambda p: np.rot90(p, 1)),
    "mirrored": ((-1, 0, 0, 1), lambda p: p[:, ::-1]),
    "upside down": ((1, 0, 0, -1), lambda p: p[::-1]),
    "transposed": ((0, 1, 1, 0), lambda p: p.swapaxes(0, 1)),
    "transposed and half a turn": ((0, -1, -1, 0), lambda p: np.rot90(p.swapaxes(0, 1), 2)),
    "nearly clockwise": ((0.1, 0.99, -0.99, 0.1), lambda p: np.rot90(p, -1)),
    "no direction": ((0, 0, 0, 0), lambda p: p),
}


def picture() -> NDArray[np.uint8]:
    """Four quarters of different grey, so that every orientation looks different."""
    quarters = np.array([[20, 90], [160, 230]], np.uint8)
    grey = quarters.repeat(HEIGHT // 2, axis=0).repeat(WIDTH // 2, axis=1)
    return np.repeat(grey[..., None], 3, axis=2)


def write_turned(path: Path, matrix: tuple[float, float, float, float]) -> Path:
    a, b, c, d = (round(value * ONE) for value in matrix)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
        for _ in range(8):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(), format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_pictures_are_as_they_are_shown(
    suffix: str, name: str, decoder: Decoder, tmp_path: Path
) -> None:
    matrix, show = MATRICES[name]
    film = write_turned(tmp_path / f"film{suffix}", matrix)
    (read,) = read_file(film, lambda _: [3], decoder).picked.permute(0, 2, 3, 1).numpy()
    expected = show(picture())
    assert read.shape == expected.shape
    assert np.abs(read.astype(int) - expected).mean() < 4


def test_a_stream_may_say_itself_how_it_is_turned(tmp_path: Path) -> None:
    stored, film = write_turned(tmp_path / "stored.h264", (1, 0, 0, 1)), tmp_path / "film.ts"
    with av.open(str(stored)) as inside, av.open(str(film), "w") as outside:
        source = inside.streams.video[0]
        copy = outside.add_stream_from_template(source)
        turn = "h264_metadata=rotate=90:display_orientation=insert"  # counterclockwise
        edit = BitStreamFilterContext(turn, source, copy)
        packets = [packet for packet in inside.demux(source) if packet.size]
        for place, packet in enumerate(edited for one in packets for edited in edit.filter(one)):
            packet.stream, packet.time_base = copy, Fraction(1, 24)
            packet.pts = packet.dts = place
            outside.mux(packet)
    for read in read_file(film, lambda _: [3, 0, 5]).picked.permute(0, 2, 3, 1).numpy():
        assert np.abs(read.astype(int) - np.rot90(picture())).mean() < 4
