"""Decoding of video files: a file is read once from its start, and some pictures are kept.

Pictures are F x 3 x H x W, uint8, RGB. No decoder seeks.
"""

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from bench.errors import BenchError, UnsupportedError
from bench.machine.environment import installed_version
from bench.video.container import VideoError, open_stream, url_of
from bench.video.orientation import (
    AS_STORED,
    Orientation,
    may_say_orientation,
    orientation_of,
)
from bench.video.shown import shown_packets
from bench.video.skipping import few_frames
from bench.wording import count_text

if TYPE_CHECKING:
    from av import Packet, VideoFrame, VideoStream
    from numpy.typing import NDArray
    from torch import Tensor

    from bench.video.container import Packets

Decoder = Literal["pyav", "torchcodec"]
HANDLING = "display matrix applied"  # what both decoders do, for a record
Pick = Callable[[int], Sequence[int]]  # from the number of pictures, the indices to keep


@dataclass(frozen=True)
class Pictures:
    """The selected pictures, F x 3 x H x W, uint8, RGB, and the total number in the video.

    `source` says which files of a folder they are, such as "PNG from 0"; "" for a video file.
    """

    picked: "Tensor"
    total: int
    source: str = ""


def check_decoder(decoder: str) -> None:
    """Raise `BenchError` for an unknown decoder, `UnsupportedError` if it cannot be loaded."""
    if decoder not in get_args(Decoder):
        known = " or ".join(get_args(Decoder))
        raise BenchError(f"there is no decoder {decoder!r}: use {known}")
    if decoder == "torchcodec":
        try:
            import torchcodec.decoders  # noqa: F401  # loads FFmpeg's libraries
        except (ImportError, RuntimeError, OSError) as error:
            raise UnsupportedError(
                "torchcodec cannot be loaded: install it and FFmpeg, or use --decoder pyav"
            ) from error


def decoder_version(decoder: Decoder) -> str:
    """The name and version of the decoder, which affects every pixel."""
    package = {"pyav": "av", "torchcodec": "torchcodec"}[decoder]
    return f"{decoder} {installed_version(package)}"


def read_file(path: Path, pick: Pick, decoder: Decoder = "pyav") -> Pictures:
    """The pictures of the file at `path` whose indices `pick` returns, in that order.

    `pick` is called with the number of pictures; it may repeat an index. Raises `VideoError` for a
    file that cannot be used.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
        reason = "there is no such file" if missing else os.strerror(error.errno or 0)
        raise VideoError(path, "missing", reason) from error
    if not path.is_file():
        raise VideoError(path, "not a video", "is not a file")
    if size == 0:
        raise VideoError(path, "empty", "has 0 bytes")
    return _READERS[decoder](path, pick)


def _read_with_pyav(path: Path, pick: Pick) -> Pictures:
    with open_stream(path) as (stream, packets):
        shown = shown_packets(stream, packets)
        likely = shown or [p for p in packets if not p.is_discard] or packets
        total, wanted = len(likely), pick(len(likely))
        frames = few_frames(stream, packets, set(wanted)) if shown is packets else {}
        if not frames:
            frames, decoded = _decode(path, stream, packets, wanted, to_end=shown is None)
            if decoded is not None and decoded != total:
                total, wanted = decoded, pick(decoded)
                frames, _ = _decode(path, stream, packets, wanted, to_end=False)
        stated = AS_STORED
        if may_say_orientation(bytes(packets[0])):
            stated = orientation_of(next(_all_frames(path, stream, packets)))
        return Pictures(_convert(frames, wanted, stated), total)


def _decode(
    path: Path, stream: "VideoStream", packets: "Packets", wanted: Sequence[int], *, to_end: bool
) -> "tuple[dict[int, VideoFrame], int | None]":
    """The wanted frames, and the number of all frames if the end was reached.

    Decoding stops after the last wanted frame unless `to_end`.
    """
    indices, last = set(wanted), max(wanted)
    frames: dict[int, VideoFrame] = {}
    count = 0
    for frame in _all_frames(path, stream, packets):
        if count in indices:
            frames[count] = frame
        count += 1
        if count > last and not to_end:
            return frames, None
    return frames, count


def _all_frames(path: Path, stream: "VideoStream", packets: "Packets") -> "Iterator[VideoFrame]":
    """All frames in the order of time. Raises `VideoError` if one cannot be decoded, or all."""
    import av

    stream.codec_context.flush_buffers()
    count, is_started = 0, False
    for packet in (*packets, None):  # at the end, the frames that the decoder still holds
        is_started = is_started or packet is None or packet.is_keyframe
        try:
            for frame in stream.codec_context.decode(packet):
                count += 1
                yield frame
        except av.error.FFmpegError as error:
            if is_started:  # else a recording that began between two key frames
                reason = f"decoding fails after {count_text(count, 'picture')}: {error.strerror}"
                raise VideoError(path, "corrupt", reason) from error
    if not count:
        raise VideoError(path, "no picture", "has no picture that can be decoded")


def _convert(
    frames: "Mapping[int, VideoFrame]", wanted: Sequence[int], stated: Orientation
) -> "Tensor":
    """The wanted frames as they are shown, F x 3 x H x W, all in the size of the first one.

    `stated` is their orientation if the first one does not say it.
    """
    import numpy as np
    from av.video.reformatter import VideoReformatter

    reformatter = VideoReformatter()
    first = frames[min(frames)]
    size = {"width": first.width, "height": first.height}
    # By default every call would start as many threads as there are cores.
    arrays = {
        number: reformatter.reformat(frame, **size, format="rgb24", threads=1).to_ndarray()
        for number, frame in frames.items()
    }
    stored = np.stack([arrays[number] for number in wanted])  # F x H x W x 3
    return _as_tensor(orientation_of(first, stated).apply(stored))


def _as_tensor(pictures: "NDArray[Any]") -> "Tensor":
    """F x H x W x 3 as F x 3 x H x W."""
    import numpy as np
    import torch

    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2)


def _read_with_torchcodec(path: Path, pick: Pick) -> Pictures:
    import numpy as np
    from torchcodec.decoders import VideoDecoder

    with open_stream(path) as (stream, packets):
        places = _picture_places(path, stream, packets)
        orientation = orientation_of(next(_all_frames(path, stream, packets)))
    try:
        decoder = VideoDecoder(url_of(path), seek_mode="exact", num_ffmpeg_threads=1)
        read = decoder.get_frames_at([places[index] for index in pick(len(places))]).data
    except (IndexError, RuntimeError, ValueError) as error:
        line = str(error).partition("\n")[0]
        reason = f"torchcodec cannot decode it ({line}): try --decoder pyav"
        raise VideoError(path, "corrupt", reason) from error
    pictures = read.permute(0, 2, 3, 1).numpy()  # F x H x W x 3
    # Since 0.11 torchcodec turns pictures, but mirrors none; the angle is counterclockwise.
    turns = round((getattr(decoder.metadata, "rotation", None) or 0) / 90)
    stored = np.rot90(pictures, -turns, axes=(1, 2))
    return Pictures(_as_tensor(orientation.apply(stored)), len(places))


def _picture_places(path: Path, stream: "VideoStream", packets: "Packets") -> Sequence[int]:
    """The places of the shown pictures in the order of time, among the packets in that order.

    Torchcodec takes every packet for a picture. Raises `VideoError` for a file that has none.
    """
    kept = [packet for packet in packets if not packet.is_discard]
    shown = shown_packets(stream, packets)
    if shown is None:
        times = [frame.pts or 0 for frame in _all_frames(path, stream, packets)]
    else:
        times = [_time(packet) for packet in shown]
    if len(times) == len(kept):
        return range(len(kept))
    places = {time: place for place, time in enumerate(sorted(map(_time, kept)))}
    if not places.keys() >= set(times):
        reason = "torchcodec cannot tell its pictures apart: try --decoder pyav"
        raise VideoError(path, "corrupt", reason)
    return [places[time] for time in sorted(times)]


def _time(packet: "Packet[VideoStream]") -> int:
    return (packet.dts if packet.pts is None else packet.pts) or 0


_READERS = {"pyav": _read_with_pyav, "torchcodec": _read_with_torchcodec}
