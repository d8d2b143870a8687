from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from bench.video import decoding, skipping
from bench.video.decoding import read_file
from bench.video.encoding import write_video
from tests.bench.video.films import indices, numbered

TOTAL = 60
X264: dict[str, dict[str, str]] = {
    "plain": {},
    "pyramid": {"bf": "7", "x264-params": "b-pyramid=strict:b-adapt=0"},
    "open": {"g": "12", "x264-params": "open-gop=1:scenecut=0:bframes=3"},
    "refreshed": {"x264-params": "intra-refresh=1:keyint=15"},
    "no-b": {"bf": "0", "preset": "ultrafast"},
    "many-references": {"x264-params": "ref=8:bframes=5"},
}
INTRA = {"g": "1"}
FILMS: list[tuple[str, str, dict[str, str]]] = [
    *(("libx264", suffix, options) for options in X264.values() for suffix in (".mp4", ".mkv")),
    *(("libx264", suffix, INTRA) for suffix in (".mp4", ".avi")),
    *(("libx264", suffix, {}) for suffix in (".avi", ".ts", ".flv")),
    *(("libx265", ".mp4", {"x265-params": "log-level=none"}), ("libvpx-vp9", ".webm", {})),
    *(("libvpx", ".webm", {}), ("mpeg4", ".avi", {"bf": "2"}), ("ffv1", ".mkv", {})),
]


def whole(path: Path, wanted: list[int], monkeypatch: pytest.MonkeyPatch) -> torch.Tensor:
    """The pictures, with nothing skipped."""
    with monkeypatch.context() as patch:
        patch.setattr(decoding, "few_frames", lambda *_: {})
        return read_file(path, lambda _: wanted).picked


@pytest.mark.parametrize(
    ("codec", "suffix", "options"),
    FILMS,
    ids=str,
)
def test_what_is_picked_is_what_decoding_all_gives(
    codec: str,
    suffix: str,
    options: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / f"film{suffix}"
    write_video(path, numbered(TOTAL), rate=24, codec=codec, options=options)
    random = np.random.default_rng(0)
    picks = [[0], [TOTAL - 1], list(range(3, TOTAL, 7)), list(range(TOTAL)), [5, 5, 1]]
    picks += [random.choice(TOTAL, 4, replace=False).tolist() for _ in range(6)]
    for wanted in picks:
        picked = read_file(path, lambda _, wanted=wanted: wanted).picked  # type: ignore[misc]
        assert indices(picked) == wanted
        assert torch.equal(picked, whole(path, wanted, monkeypatch))


def few(path: Path, places: set[int], *, are_keys: bool = False) -> dict[int, Any]:
    """What `few_frames` gives; with `are_keys`, of packets that all call themselves keys."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        for packet in packets:
            packet.is_keyframe = packet.is_keyframe or are_keys
        return skipping.few_frames(stream, packets, places)


@pytest.mark.parametrize("options", [X264["plain"], INTRA], ids=["b-frames", "intra"])
def test_h264_has_pictures_to_skip(options: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write_video(path, numbered(TOTAL), rate=24, options=options)
    assert few(path, {7, 30}).keys() == {7, 30}


def test_a_file_that_calls_every_picture_a_key_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write_video(path, numbered(TOTAL), rate=24)
    assert few(path, {20}).keys() == {20}
    assert few(path, {20}, are_keys=True) == {}


def test_a_film_that_was_cut_out_of_another_is_decoded_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, path = tmp_path / "film.mkv", tmp_path / "cut.mkv"
    write_video(film, numbered(TOTAL), rate=24, options=X264["open"])
    with av.open(str(film)) as source, av.open(str(path), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        packets = [packet for packet in source.demux(stream) if packet.size]
        keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
        for packet in packets[keys[1] :]:
            packet.stream = copy
            target.mux(packet)
    wanted = [0, 5, 20]
    picked = read_file(path, lambda _: wanted).picked
    assert torch.equal(picked, whole(path, wanted, monkeypatch))


def test_pictures_without_times_are_all_decoded(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    write_video(path, numbered(TOTAL), rate=24, codec="mpeg4", options={"bf": "2"})
    assert few(path, {3}) == {}
