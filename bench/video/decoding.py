"""Decoding of video files: a file is read once from its start, and some pictures are kept.

Pictures are F x 3 x H x W, uint8, RGB. No decoder seeks.
"""

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from bench.errors import BenchError, UnsupportedError
from bench.machine.environment import installed_version
from bench.video.skipping import few_frames

if TYPE_CHECKING:
    from av import Packet, VideoFrame, VideoStream
    from torch import Tensor

    Packets = Sequence[Packet[VideoStream]]

Decoder = Literal["pyav", "torchcodec"]
Kind = Literal["missing", "empty", "not a video", "no picture", "truncated", "corrupt", "too large"]
Pick = Callable[[int], Sequence[int]]  # from the number of pictures, the indices to keep

MAX_PIXELS = 1 << 26  # of a picture; 8K video has half as many
# Containers that hold the pictures themselves. From a playlist, a script or a stream description,
# FFmpeg would open other files or connect to other machines.
CONTAINERS = (
    "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,nut,rm,dv,gif,ivf,wtv,gxf,"
    "yuv4mpegpipe,swf,nsv,h261,h263,h264,hevc,vvc,av1,obu,m4v,mjpeg,vc1,dirac,dnxhd"
)
ONLY_THE_FILE = {"protocol_whitelist": "file", "format_whitelist": CONTAINERS}
SPARE_PACKETS = 0.05  # the share of packets that may have no picture, as packed B-frames of AVI
SHORT_S = 0.5  # a file may end this much before its stated duration, because containers round it


class VideoError(BenchError):
    """A video that cannot be used; `kind` is the category of its problem."""

    def __init__(self, path: Path, kind: Kind, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.kind: Kind = kind
        self.reason = reason


@dataclass(frozen=True)
class Pictures:
    """The selected pictures, F x 3 x H x W, uint8, RGB, and the total number in the video."""

    picked: "Tensor"
    total: int


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
    with _open_stream(path) as (stream, packets, total):
        return _decode(path, stream, packets, pick, total)


@contextmanager
def _open_stream(path: Path) -> "Iterator[tuple[VideoStream, list[Packet[VideoStream]], int]]":
    """The video stream of a file, its packets, and the number of pictures that it shows."""
    import av

    try:
        with av.open(_url(path), options=ONLY_THE_FILE) as container:
            # The cover of an audio file is a stream of pictures too.
            stream = next((s for s in container.streams.video if not _is_cover(s)), None)
            if stream is None:
                raise VideoError(path, "not a video", "has no video stream")
            check_size(path, stream.codec_context.width, stream.codec_context.height)
            stream.codec_context.thread_count = 1  # several videos are read in parallel
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # for later pictures too
            packets = [packet for packet in container.demux(stream) if packet.size]
            yield stream, packets, _whole_length(path, stream, packets)
    except av.error.FFmpegError as error:
        reason = f"cannot be read by FFmpeg: {error.strerror}"
        raise VideoError(path, "not a video", reason) from error


def _url(path: Path) -> str:
    """The URL of this file for FFmpeg, even if its name looks like another protocol."""
    return f"file:{path}"


def _is_cover(stream: "VideoStream") -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def check_size(path: Path, width: int, height: int) -> None:
    """Raise `VideoError` for pictures of more than `MAX_PIXELS`."""
    if width * height > MAX_PIXELS:
        reason = f"has pictures of {width} x {height}, more than {MAX_PIXELS:,} pixels"
        raise VideoError(path, "too large", reason)


def _whole_length(path: Path, stream: "VideoStream", packets: "Packets") -> int:
    """The number of pictures that the file shows. Raises `VideoError` if it is truncated."""
    if not packets:
        raise VideoError(path, "no picture", "its video stream is empty")
    if stream.frames > len(packets) or any(packet.is_corrupt for packet in packets):
        stated = f" of {stream.frames}" if stream.frames > len(packets) else ""
        raise VideoError(path, "truncated", f"ends after {len(packets)}{stated} pictures")
    stated_s = _stated_duration_s(stream)
    ends = max((p.pts or 0) + (p.duration or 0) for p in packets[-32:])  # B-frames come early
    ends_s = float(ends * (stream.time_base or 0))
    if stated_s - ends_s > SHORT_S:
        reason = f"ends after {ends_s:.1f} s of {stated_s:.1f} s"
        raise VideoError(path, "truncated", reason)
    return sum(not packet.is_discard for packet in packets)  # an edit list discards some


def _stated_duration_s(stream: "VideoStream") -> float:
    """The duration that a Matroska or WebM file states; 0.0 if it states none."""
    hours, _, rest = str(stream.metadata.get("DURATION", "")).partition(":")
    minutes, _, seconds = rest.partition(":")
    try:
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return 0.0


def _decode(
    path: Path, stream: "VideoStream", packets: "Packets", pick: Pick, total: int
) -> Pictures:
    import av

    wanted = pick(total)
    indices, last = set(wanted), max(wanted)
    is_whole = total == len(packets)  # else indices of pictures are not those of packets
    frames = few_frames(stream, packets, indices) if is_whole else {}
    if frames:
        return Pictures(_convert(frames, wanted), total)
    stream.codec_context.flush_buffers()
    count = 0
    try:
        for frame in _frames(stream, packets):
            if count in indices:
                frames[count] = frame
            count += 1
            if count > last:
                return Pictures(_convert(frames, wanted), total)
    except av.error.FFmpegError as error:
        raise VideoError(path, "corrupt", f"picture {count}: {error.strerror}") from error
    if count == 0:
        raise VideoError(path, "no picture", "has no picture that can be decoded")
    if total - count > max(1, SPARE_PACKETS * total):
        raise VideoError(path, "corrupt", f"only {count} of {total} pictures can be decoded")
    return _decode(path, stream, packets, pick, count)


def _frames(stream: "VideoStream", packets: "Packets") -> "Iterator[VideoFrame]":
    for packet in packets:
        yield from stream.codec_context.decode(packet)
    yield from stream.codec_context.decode(None)  # the pictures that the decoder still holds


def _convert(frames: "Mapping[int, VideoFrame]", wanted: Sequence[int]) -> "Tensor":
    """The wanted frames as F x 3 x H x W, all in the size of the first one."""
    import numpy as np
    import torch
    from av.video.reformatter import VideoReformatter

    reformatter = VideoReformatter()
    first = frames[min(frames)]
    size = {"width": first.width, "height": first.height}
    # By default every call would start as many threads as there are cores.
    arrays = {
        number: reformatter.reformat(frame, **size, format="rgb24", threads=1).to_ndarray()
        for number, frame in frames.items()
    }
    picked = torch.from_numpy(np.stack([arrays[number] for number in wanted]))  # F x H x W x 3
    return picked.permute(0, 3, 1, 2)


def _read_with_torchcodec(path: Path, pick: Pick) -> Pictures:
    from torchcodec.decoders import VideoDecoder

    with _open_stream(path):  # torchcodec does not notice a truncated file
        pass
    try:
        decoder = VideoDecoder(_url(path), seek_mode="exact", num_ffmpeg_threads=1)
        total = len(decoder)
        return Pictures(decoder.get_frames_at(list(pick(total))).data, total)
    except (RuntimeError, ValueError) as error:
        line = str(error).partition("\n")[0]
        raise VideoError(path, "corrupt", f"torchcodec cannot decode it: {line}") from error


_READERS = {"pyav": _read_with_pyav, "torchcodec": _read_with_torchcodec}
