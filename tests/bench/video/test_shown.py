"""How many pictures a film has: those that decode, whatever its packets are."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from bench.video.container import VideoError, open_stream
from bench.video.decoding import Decoder, read_file
from bench.video.encoding import write_video
from bench.video.shown import SHOWN, shown_packets
from tests.bench.video.fields import write_fields
from tests.bench.video.films import (
    DECODERS,
    copy_packets,
    edit_packets,
    indices,
    numbered,
    write_numbered,
)

TOTAL = 60
NO_B = {"bf": "0"}


def hide_in_vp8(folder: Path) -> tuple[Path, list[int]]:
    """Every seventh packet is not shown, as alternate references are."""
    film = write_numbered(folder / "film.webm", TOTAL, "libvpx")

    def hide(number: int, packet: bytes) -> list[bytes]:
        return [bytes([packet[0] & ~0x10]) + packet[1:] if number % 7 == 3 else packet]

    path = edit_packets(film, folder / "hidden.webm", hide)
    return path, [number for number in range(TOTAL) if number % 7 != 3]


def repeat_in_vp9(folder: Path) -> tuple[Path, list[int]]:
    """A packet of one byte shows a picture that the decoder still has."""
    film = write_numbered(folder / "film.webm", TOTAL, "libvpx-vp9")
    path = edit_packets(
        film,
        folder / "repeated.webm",
        lambda number, packet: [packet, b"\x88"] if number == 10 else [packet],
    )
    return path, [*range(11), 10, *range(11, TOTAL)]


def leave_out_of_avi(folder: Path) -> tuple[Path, list[int]]:
    """A pause of a second: AVI has an empty chunk for every picture that is left out."""
    film = folder / "film.avi"
    write_video(film, numbered(TOTAL), rate=24, codec="mpeg4", options=NO_B)
    path = folder / "pause.avi"
    with av.open(str(film)) as inside, av.open(str(path), "w") as outside:
        stream = inside.streams.video[0]
        copy = outside.add_stream_from_template(stream)
        for number, packet in enumerate(p for p in inside.demux(stream) if p.size):
            packet.pts = packet.dts = number + 24 * (number > 30)
            packet.stream = copy
            outside.mux(packet)
    return path, list(range(TOTAL))


def change_size(suffix: str, codec: str) -> Callable[[Path], tuple[Path, list[int]]]:
    """The second half of the film has pictures of twice the size."""

    def write(folder: Path) -> tuple[Path, list[int]]:
        small, large, path = (folder / f"{name}{suffix}" for name in ("small", "large", "both"))
        half = TOTAL // 2
        pictures = numbered(TOTAL)
        options = NO_B if codec == "libx264" else {}
        write_video(small, pictures[:half], rate=24, codec=codec, options=options)
        twice = pictures[half:].repeat(2, axis=1).repeat(2, axis=2)
        write_video(large, twice, rate=24, codec=codec, options=options)
        with av.open(str(path), "w") as outside:
            copy, place = None, 0
            for part in (small, large):
                with av.open(str(part)) as inside:
                    stream = inside.streams.video[0]
                    copy = copy or outside.add_stream_from_template(stream)
                    for packet in (p for p in inside.demux(stream) if p.size):
                        packet.stream, packet.time_base = copy, Fraction(1, 24)
                        packet.pts = packet.dts = place
                        place += 1
                        outside.mux(packet)
        return path, list(range(TOTAL))

    return write


def cut_by_edit_list(seconds: float) -> Callable[[Path], tuple[Path, list[int]]]:
    """An edit list leaves out the beginning, and with it whole groups of pictures."""

    def write(folder: Path) -> tuple[Path, list[int]]:
        whole, path = folder / "whole.mp4", folder / "cut.mp4"
        write_video(whole, numbered(TOTAL), rate=24, options={"g": "12"})
        copy_packets(whole, path, earlier_s=seconds)
        return path, list(range(round(24 * seconds), TOTAL))

    return write


def end_by_edit_list(folder: Path) -> tuple[Path, list[int]]:
    """The index lists all pictures, but an edit list ends after half of them."""
    path = write_numbered(folder / "film.mp4", TOTAL)
    content = bytearray(path.read_bytes())
    place = content.index(b"elst") + 12  # behind the name, the version and the number of edits
    duration = int.from_bytes(content[place : place + 4])
    content[place : place + 4] = (duration // 2).to_bytes(4)
    path.write_bytes(content)
    return path, list(range(TOTAL // 2))


def cut_hevc(folder: Path) -> tuple[Path, list[int]]:
    """A film that was cut at a key frame: pictures shown before it need some that are missing."""
    whole, path = folder / "whole.mkv", folder / "cut.mkv"
    options = {"x265-params": "log-level=none:open-gop=1:keyint=12:min-keyint=12:bframes=3"}
    write_video(whole, numbered(TOTAL), rate=24, codec="libx265", options=options)
    with av.open(str(whole)) as inside, av.open(str(path), "w") as outside:
        stream = inside.streams.video[0]
        copy = outside.add_stream_from_template(stream)
        packets = [packet for packet in inside.demux(stream) if packet.size]
        second = [number for number, packet in enumerate(packets) if packet.is_keyframe][1]
        for packet in packets[second:]:
            packet.stream = copy
            outside.mux(packet)
        times = [packet.pts or 0 for packet in packets[second:]]
        assert min(times) < times[0]
    return path, list(range(12, TOTAL))


def start_late(folder: Path) -> tuple[Path, list[int]]:
    """A recording that begins between two key frames, without what its first packets need."""
    whole, path = folder / "whole.ts", folder / "late.ts"
    write_video(whole, numbered(TOTAL), rate=24, codec="mpeg2video", options={"bf": "0", "g": "12"})
    copies = edit_packets(whole, path, lambda number, packet: [packet] if number > 4 else [])
    return copies, list(range(12, TOTAL))


FILMS: dict[str, Callable[[Path], tuple[Path, list[int]]]] = {
    "hidden in VP8": hide_in_vp8,
    "repeated in VP9": repeat_in_vp9,
    "left out of AVI": leave_out_of_avi,
    "edit list within a group": cut_by_edit_list(20 / 24),
    "edit list over groups": cut_by_edit_list(30 / 24),
    "edit list that waits": cut_by_edit_list(0),
    "edit list that ends early": end_by_edit_list,
}
ONLY_PYAV = {  # torchcodec refuses them
    "starts late": start_late,
    "cut HEVC": cut_hevc,
    "changes size, H.264": change_size(".ts", "libx264"),
    "changes size, VP8": change_size(".webm", "libvpx"),
    "changes size, VP9": change_size(".webm", "libvpx-vp9"),
}


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("name", FILMS)
def test_the_pictures_that_decode_are_counted(name: str, decoder: Decoder, tmp_path: Path) -> None:
    path, shown = FILMS[name](tmp_path)
    read = read_file(path, range, decoder)
    assert (read.total, indices(read.picked)) == (len(shown), shown)
    early = read_file(path, lambda total: [total // 2, 3], decoder)  # need not reach the end
    assert indices(early.picked) == [shown[len(shown) // 2], shown[3]]


@pytest.mark.parametrize("name", ONLY_PYAV)
def test_pictures_of_another_size_and_films_that_start_late_are_read(
    name: str, tmp_path: Path
) -> None:
    path, shown = ONLY_PYAV[name](tmp_path)
    read = read_file(path, range)
    assert (read.total, indices(read.picked)) == (len(shown), shown)


@pytest.mark.parametrize("suffix", [".h264", ".mkv", ".mp4", ".ts", ".avi"])
def test_two_fields_are_one_picture(suffix: str, tmp_path: Path) -> None:
    levels = np.arange(20, 220, 10, dtype=np.uint8)
    raw = write_fields(tmp_path / "film.h264", np.tile(levels[:, None, None], (1, 32, 32)))
    path = raw
    if suffix != ".h264":
        path = edit_packets(raw, tmp_path / f"film{suffix}", lambda _, packet: [packet], rate=50)
    with open_stream(path) as (stream, packets):
        assert len(packets) == 2 * len(levels)
        assert shown_packets(stream, packets) is None
    read = read_file(path, range)
    assert read.total == len(levels)
    grey = read.picked[:, 0, 0, 0].numpy().astype(int) * 219 / 255 + 16
    assert np.abs(grey - levels).max() < 2


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        *(("libx264", suffix) for suffix in (".mp4", ".mkv", ".avi", ".ts", ".h264")),
        *(("libvpx", ".webm"), ("libvpx-vp9", ".webm")),
    ],
)
def test_headers_tell_of_usual_films_that_every_packet_is_shown(
    codec: str, suffix: str, tmp_path: Path
) -> None:
    path = write_numbered(tmp_path / f"film{suffix}", TOTAL, codec)
    with open_stream(path) as (stream, packets):
        assert len(shown_packets(stream, packets) or ()) == TOTAL


def joined(*frames: bytes) -> memoryview:
    """Several frames of VP9 in one packet, with their lengths in two bytes each."""
    mark = bytes([0b110_01_000 | len(frames) - 1])
    lengths = b"".join(len(frame).to_bytes(2, "little") for frame in frames)
    return memoryview(b"".join(frames) + mark + lengths + mark)


def test_frames_that_share_a_packet_of_vp9_are_counted() -> None:
    key, hidden, shown = b"\x82\x49\x83", b"\x84" + b"h" * 300, b"\x86s"
    existing, other_profile = b"\x88", b"\xb4"
    count = SHOWN["vp9"]
    assert [count(memoryview(frame)) for frame in (key, hidden, shown, existing)] == [1, 0, 1, 1]
    assert count(memoryview(other_profile)) == 1
    assert count(joined(hidden, shown)) == 1
    assert count(joined(shown, b"", existing)) == 2
    assert count(joined(hidden)) == 0
    assert count(memoryview(shown + b"\xc1")) == 1  # ends like an index, and is none
    assert count(memoryview(b"\xc9\xff\xff\xff\xff\xc9")) in (0, 1, 2)  # lengths beyond the end


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_a_film_without_its_key_frame_is_not_certain(codec: str, tmp_path: Path) -> None:
    film = write_numbered(tmp_path / "film.webm", TOTAL // 2, codec)
    path = tmp_path / "late.webm"
    edit_packets(film, path, lambda number, packet: [packet] if number else [])
    with open_stream(path) as (stream, packets):
        assert shown_packets(stream, packets) is None
    with pytest.raises(VideoError) as error:
        read_file(path, range)
    assert error.value.kind == "no picture"


@pytest.mark.parametrize(
    ("codec", "form", "suffix"),
    [
        ("libx265", "yuv420p10le", ".mp4"),
        ("libvpx-vp9", "yuva420p", ".webm"),
        ("libvpx-vp9", "yuv444p", ".webm"),
        ("ffv1", "gray10le", ".mkv"),
        ("qtrle", "argb", ".mov"),
        ("png", "rgba", ".mov"),
        ("prores_ks", "yuv422p10le", ".mov"),
        ("mjpeg", "yuvj420p", ".avi"),
        ("mpeg2video", "yuv420p", ".mpg"),
        ("gif", "rgb8", ".gif"),
    ],
)
def test_films_of_any_form_are_read(codec: str, form: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"film{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width, stream.pix_fmt = *numbered(1).shape[1:3], form
        if codec == "libx265":
            stream.options = {"x265-params": "log-level=none"}
        for picture in numbered(20):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame.reformat(format=form)))
        container.mux(stream.encode(None))
    assert indices(read_file(path, range).picked) == list(range(20))
