import os
import shutil
from pathlib import Path

import av
import pytest

from bench.video.container import CONTAINERS, VideoError, check_size
from bench.video.decoding import Decoder, read_file
from tests.bench.video.films import (
    DECODERS,
    copy_packets,
    indices,
    write_no_pictures,
    write_numbered,
    write_sound,
)

TOTAL = 100


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str]]:
    """Files by what is wrong with them."""
    folder = tmp_path_factory.mktemp("broken")
    good = write_numbered(folder / "good.mp4", TOTAL)
    data = good.read_bytes()
    files = {
        "empty": b"",
        "not a video": b"this is text" * 100,
        "headless": data[: len(data) // 2],  # an MP4 has its index at the end
    }
    paths = {}
    for kind, content in files.items():
        paths[kind] = folder / f"{kind.replace(' ', '-')}.mp4"
        paths[kind].write_bytes(content)
    webm = write_numbered(folder / "good.webm", TOTAL, "libvpx-vp9")
    paths["truncated"] = folder / "cut.webm"
    paths["truncated"].write_bytes(webm.read_bytes()[: webm.stat().st_size // 2])
    paths["sound"] = write_sound(folder / "sound.mp4")
    paths["no track"] = write_no_pictures(folder / "track.mp4", "libx264")
    paths["no picture"] = write_no_pictures(folder / "picture.avi", "mpeg4")
    paths["missing"] = folder / "absent.mp4"
    paths["folder"] = folder / "folder.mp4"
    paths["folder"].mkdir()
    kinds = dict.fromkeys(("sound", "folder", "no track"), "not a video")
    kinds["headless"] = "truncated"
    return {what: (path, kinds.get(what, what)) for what, path in paths.items()}


@pytest.mark.parametrize(
    "what",
    [
        *("empty", "not a video", "headless", "truncated", "sound", "missing", "folder"),
        *("no track", "no picture"),
    ],
)
@pytest.mark.parametrize("decoder", DECODERS)
def test_a_file_that_cannot_be_used_says_why(
    broken: dict[str, tuple[Path, str]], what: str, decoder: Decoder
) -> None:
    path, kind = broken[what]
    with pytest.raises(VideoError, match=path.name) as error:
        read_file(path, range, decoder)
    assert error.value.kind == kind
    assert "\n" not in str(error.value)


def test_an_mp4_that_ends_early_is_truncated(tmp_path: Path) -> None:
    film = write_numbered(tmp_path / "film.mp4", TOTAL)
    front = tmp_path / "front.mp4"  # with its index before its pictures
    copy_packets(film, front, movflags="faststart")
    front.write_bytes(front.read_bytes()[: int(front.stat().st_size * 0.7)])
    with pytest.raises(
        VideoError, match=f"lists {TOTAL} pictures, but the file ends after"
    ) as error:
        read_file(front, range)
    assert error.value.kind == "truncated"


def test_a_name_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "film.webm"
    shutil.copy(write_numbered(tmp_path / "film.mp4", 5), path)
    assert indices(read_file(path, range).picked) == [0, 1, 2, 3, 4]


def test_a_video_of_one_picture_is_a_video(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "one.mp4", 1)
    read = read_file(path, lambda _: [0] * 8)
    assert (read.total, len(read.picked)) == (1, 8)


def test_pictures_of_any_size_are_refused() -> None:
    with pytest.raises(VideoError, match="100000 x 100000"):
        check_size(Path("huge.mp4"), 100_000, 100_000)


MPD = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S"
 profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period><AdaptationSet mimeType="video/mp4">
<Representation id="1" bandwidth="1000"><BaseURL>other.mp4</BaseURL></Representation>
</AdaptationSet></Period></MPD>
"""
POINTERS = {
    "playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nother.mp4\n#EXT-X-ENDLIST\n",
    "script": "ffconcat version 1.0\nfile other.mp4\n",
    "manifest": MPD,
    "session": "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5000 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "subtitle": "# VobSub index file, v7\nid: en, index: 0\n",
}


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("suffix", ["mp4", "m3u8", "mpd", "ffconcat", "sdp"])
@pytest.mark.parametrize("kind", POINTERS)
def test_a_file_leads_to_no_other(
    tmp_path: Path, kind: str, suffix: str, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = write_numbered(tmp_path / "other.mp4", 5)
    os.utime(other, (0, 1))  # so that reading it shows
    monkeypatch.chdir(tmp_path)
    path = Path(f"pointer.{suffix}")
    path.write_text(POINTERS[kind])
    with pytest.raises(VideoError) as error:
        read_file(path, range, decoder)
    assert error.value.kind == "not a video"
    assert other.stat().st_atime == 0


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    "name", ["http:x.mp4", "concat:a|b", "file:x", "pipe:0", "-", "%03d.mp4", "subfile,,end,9,,:x"]
)
def test_a_name_is_no_protocol(
    tmp_path: Path, name: str, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_numbered(tmp_path / "film.mp4", 5).rename(name)
    assert indices(read_file(Path(name), range, decoder).picked) == [0, 1, 2, 3, 4]


def test_containers_are_known_to_ffmpeg() -> None:
    known = {name for listed in av.formats_available for name in listed.split(",")}
    assert set(CONTAINERS.split(",")) <= known
    assert not {"hls", "dash", "concat", "concatf", "imf", "image2", "sdp", "rtsp"} & {
        *CONTAINERS.split(",")
    }


def test_notes_in_another_encoding_are_no_error(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "film.mp4", 5)
    content = path.read_bytes()
    assert b"VideoHandler" in content
    path.write_bytes(content.replace(b"VideoHandler", "Gerät für Vi".encode("latin-1")))
    assert indices(read_file(path, range).picked) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_codec_that_ffmpeg_does_not_know_is_named(tmp_path: Path, decoder: Decoder) -> None:
    path = write_numbered(tmp_path / "film.mp4", 5)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(VideoError, match="FFmpeg has no decoder for its pictures"):
        read_file(path, range, decoder)
