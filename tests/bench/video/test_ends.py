"""Films whose end is missing, and films that only lack what comes after their pictures."""

from pathlib import Path

import pytest

from bench.video.container import VideoError
from bench.video.decoding import read_file
from bench.video.ends import missing_bytes
from tests.bench.video.films import copy_packets, indices, write_numbered

TOTAL = 40
CODECS = {".mkv": "libx264", ".webm": "libvpx-vp9", ".avi": "mpeg4", ".mp4": "libx264"}
# The name of what comes after the pictures, and the bytes from there to its content.
AFTER = {".mkv": b"\x1c\x53\xbb\x6b", ".webm": b"\x1c\x53\xbb\x6b", ".avi": b"idx1"}


def film(folder: Path, suffix: str) -> Path:
    return write_numbered(folder / f"film{suffix}", TOTAL, CODECS[suffix])


@pytest.mark.parametrize("suffix", CODECS)
def test_of_a_whole_file_nothing_is_missing(suffix: str, tmp_path: Path) -> None:
    assert missing_bytes(film(tmp_path, suffix)) == 0


@pytest.mark.parametrize("suffix", CODECS)
def test_a_film_that_ends_within_its_pictures_says_how_that_is_known(
    suffix: str, tmp_path: Path
) -> None:
    path = film(tmp_path, suffix)
    content = path.read_bytes()
    size = len(content) * 4 // 5
    path.write_bytes(content[:size])
    with pytest.raises(VideoError) as error:
        read_file(path, range)
    assert error.value.kind == "truncated"
    assert error.value.reason == (
        f"its container states {size + missing_bytes(path):,} bytes, but the file has {size:,}"
    )


@pytest.mark.parametrize("suffix", AFTER)
def test_an_index_that_is_cut_off_holds_no_pictures(suffix: str, tmp_path: Path) -> None:
    path = film(tmp_path, suffix)
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(AFTER[suffix]) + 12])
    assert missing_bytes(path) == 0
    assert indices(read_file(path, range).picked) == list(range(TOTAL))


def test_notes_that_are_cut_off_hold_no_pictures(tmp_path: Path) -> None:
    path = tmp_path / "front.mp4"
    copy_packets(film(tmp_path, ".mp4"), path, movflags="faststart")
    path.write_bytes(path.read_bytes() + (1000).to_bytes(4) + b"uuid" + b"only the beginning")
    assert read_file(path, range).total == TOTAL


def test_a_stream_that_was_recorded_live_states_no_size(tmp_path: Path) -> None:
    live = tmp_path / "live.webm"
    copy_packets(film(tmp_path, ".webm"), live, live="1")
    assert read_file(live, range).total == TOTAL


@pytest.mark.parametrize(
    "start", [b"", b"RIFF", b"RIFF\xff\xff\xff\xffAVI LIST", b"\x1a\x45\xdf\xa3", b"\0\0\0\0moov"]
)
def test_a_header_that_says_nothing_is_not_believed(start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    for rest in (b"", b"\0" * 100, b"\xff" * 100):
        path.write_bytes(start + rest)
        assert missing_bytes(path) == 0
