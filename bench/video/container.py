"""Video files as containers: the packets of a file, whole, or the reason why it cannot be used."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bench.errors import BenchError
from bench.video.ends import missing_bytes
from bench.wording import count_text

if TYPE_CHECKING:
    from av import Packet, VideoStream

    Packets = Sequence[Packet[VideoStream]]

Kind = Literal[
    "missing",
    "ambiguous",
    "empty",
    "not a video",
    "no picture",
    "truncated",
    "corrupt",
    "too large",
]

MAX_PIXELS = 1 << 26  # of a picture; 8K video has half as many
# Containers that hold the pictures themselves. From a playlist, a script or a stream description,
# FFmpeg would open other files or connect to other machines.
CONTAINERS = (
    "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,nut,rm,dv,gif,ivf,wtv,gxf,"
    "yuv4mpegpipe,swf,nsv,h261,h263,h264,hevc,vvc,av1,obu,m4v,mjpeg,vc1,dirac,dnxhd"
)
ONLY_THE_FILE = {"protocol_whitelist": "file", "format_whitelist": CONTAINERS}


class VideoError(BenchError):
    """A video that cannot be used; `kind` is the category of its problem."""

    def __init__(self, path: Path, kind: Kind, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.kind: Kind = kind
        self.reason = reason


@contextmanager
def open_stream(path: Path) -> "Iterator[tuple[VideoStream, Packets]]":
    """The video stream of a file and its packets. Raises `VideoError` if there are none or less."""
    import av

    try:
        # Notes in a file may be in any encoding.
        with av.open(url_of(path), options=ONLY_THE_FILE, metadata_errors="replace") as container:
            # The cover of an audio file is a stream of pictures too.
            stream = next((s for s in container.streams.video if not _is_cover(s)), None)
            if stream is None:
                raise VideoError(path, "not a video", "has no video stream")
            if stream.codec_context is None:
                raise VideoError(path, "not a video", "FFmpeg has no decoder for its pictures")
            check_size(path, stream.codec_context.width, stream.codec_context.height)
            stream.codec_context.thread_count = 1  # several videos are read in parallel
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # for later pictures too
            packets = [packet for packet in container.demux(stream) if packet.size]
            _check_whole(path, stream, packets)
            yield stream, packets
    except av.error.FFmpegError as error:
        _check_end(path)
        reason = f"cannot be read by FFmpeg: {error.strerror}"
        raise VideoError(path, "not a video", reason) from error


def url_of(path: Path) -> str:
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


def _check_whole(path: Path, stream: "VideoStream", packets: "Packets") -> None:
    """Raise `VideoError` if pictures are missing or damaged, as far as the container tells."""
    if not packets:
        _check_end(path)
        raise VideoError(path, "no picture", "its video stream is empty")
    if stream.container.format.name.startswith("mov"):  # its index lists every picture
        entries = stream.index_entries
        listed = len(entries)
        if listed > len(packets):
            listed = sum(entry.size > 0 for entry in entries)
        if listed > len(packets):
            pictures = count_text(listed, "picture")
            reason = f"its index lists {pictures}, but the file ends after {len(packets)}"
            raise VideoError(path, "truncated", reason)
    else:
        _check_end(path)
    damaged = [number for number, packet in enumerate(packets) if packet.is_corrupt]
    if damaged and damaged[0] == len(packets) - 1:
        raise VideoError(path, "truncated", "the file ends within its last picture")
    if damaged:
        reason = f"the container marks picture {damaged[0]} of {len(packets)} as damaged"
        raise VideoError(path, "corrupt", reason)


def _check_end(path: Path) -> None:
    """Raise `VideoError` if the file is shorter than its container states."""
    if missing := missing_bytes(path):
        size = path.stat().st_size
        reason = f"its container states {size + missing:,} bytes, but the file has {size:,}"
        raise VideoError(path, "truncated", reason)
