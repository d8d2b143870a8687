from pathlib import Path

import numpy as np
import pytest

from bench.video.container import open_stream
from bench.video.encoding import write_video
from bench.video.h264 import are_whole_pictures
from tests.bench.video.fields import write_fields
from tests.bench.video.films import numbered


def parts(path: Path) -> tuple[bytes, list[bytes]]:
    """The header of a stream, and its packets."""
    with open_stream(path) as (stream, packets):
        return stream.codec_context.extradata or b"", [bytes(packet) for packet in packets]


@pytest.fixture(params=[".mp4", ".h264"])
def film(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[bytes, list[bytes]]:
    """Units after their length, and units after start codes."""
    path = tmp_path / f"film{request.param}"
    write_video(path, numbered(10), rate=24)
    return parts(path)


@pytest.mark.parametrize(
    "parameters", ["slices=2", "interlaced=0:bframes=0", "profile=baseline", "ref=4:weightp=2"]
)
def test_packets_of_one_picture_are_whole(parameters: str, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write_video(path, numbered(10), rate=24, options={"x264-params": parameters})
    assert are_whole_pictures(*parts(path))


def test_half_a_picture_two_and_none_are_not_whole(film: tuple[bytes, list[bytes]]) -> None:
    header, packets = film
    assert are_whole_pictures(header, packets)
    assert not are_whole_pictures(header, [*packets, packets[-1] * 2])
    assert not are_whole_pictures(header, [*packets, b"\0\0\0\1\x09\xf0"])  # a delimiter alone


def test_fields_are_not_whole(tmp_path: Path) -> None:
    grey = np.zeros((4, 32, 32), np.uint8)
    assert not are_whole_pictures(*parts(write_fields(tmp_path / "film.h264", grey)))


def test_blocks_in_two_fields_are_not_certain(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write_video(path, numbered(10), rate=24, options={"x264-params": "interlaced=1"})
    assert not are_whole_pictures(*parts(path))


def test_a_second_format_is_not_certain(tmp_path: Path) -> None:
    small, large = tmp_path / "small.h264", tmp_path / "large.h264"
    write_video(small, numbered(4), rate=24)
    write_video(large, numbered(4).repeat(2, axis=1), rate=24)
    header, packets = parts(small)
    assert not are_whole_pictures(header, packets + parts(large)[1])


def test_damaged_bytes_are_not_certain_or_an_error(film: tuple[bytes, list[bytes]]) -> None:
    header, packets = film
    random = np.random.default_rng(0)
    for _ in range(300):
        damaged = np.frombuffer(header, np.uint8).copy()
        damaged[random.integers(len(damaged), size=3)] = random.integers(256, size=3)
        are_whole_pictures(damaged.tobytes()[: random.integers(len(damaged) + 1)], packets)
    assert not are_whole_pictures(header[:5], [b"", b"\0\0\1", b"\0"])
