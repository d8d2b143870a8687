"""Decoding a few pictures of a video while others, which they do not depend on, are skipped.

The pixels are equal to those of a full decoding. If that is not certain, nothing is skipped.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av import Packet, VideoFrame, VideoStream

# Codecs that mark pictures which no other picture needs. In other codecs the mark is missing or not
# reliable.
MARKS_UNUSED = ("h264",)
# Containers with the time of each picture; in others FFmpeg guesses it if pictures are reordered.
TIMED = ("mov", "matroska", "mpegts", "flv")


def few_frames(
    stream: "VideoStream", packets: "Sequence[Packet[VideoStream]]", indices: Collection[int]
) -> "dict[int, VideoFrame]":
    """The frames at `indices` in the order of time, by index; {} if they are not certain.

    Every packet must be a shown picture. If each is a key frame, only the wanted ones are decoded.
    Else H.264 marks the pictures that no other one needs; those are skipped unless they are wanted.
    """
    import av

    times = sorted(packet.pts for packet in packets if packet.pts is not None)
    orders = [packet.dts for packet in packets if packet.dts is not None]
    if len(set(times)) < len(packets) or orders != sorted(orders):
        return {}
    wanted = {times[index]: index for index in indices}
    try:
        if all(packet.is_keyframe for packet in packets):
            return _by_themselves(stream, packets, wanted)
        is_timed = stream.container.format.name.startswith(TIMED)
        if is_timed and stream.codec_context.name in MARKS_UNUSED:
            return _decode_needed(stream, packets, wanted)
    except av.error.FFmpegError:
        pass  # a full decoding reports the error
    return {}


def _by_themselves(
    stream: "VideoStream", packets: "Sequence[Packet[VideoStream]]", wanted: dict[int, int]
) -> "dict[int, VideoFrame]":
    from av.video.frame import PictureType

    found: dict[int, VideoFrame] = {}
    needed = (packet for packet in packets if packet.pts in wanted)
    for packet in (*needed, None):
        for frame in stream.codec_context.decode(packet):
            if frame.pict_type != PictureType.I:  # the file marks it wrongly as a key frame
                return {}
            found[wanted.get(frame.pts or 0, -1)] = frame
    return _whole(found, wanted)


def _decode_needed(
    stream: "VideoStream", packets: "Sequence[Packet[VideoStream]]", wanted: dict[int, int]
) -> "dict[int, VideoFrame]":
    found: dict[int, VideoFrame] = {}
    context = stream.codec_context
    try:
        for packet in (*packets, None):
            is_wanted = packet is not None and packet.pts in wanted
            context.skip_frame = "DEFAULT" if is_wanted else "NONREF"
            for frame in context.decode(packet):
                if frame.pts in wanted:
                    found[wanted[frame.pts]] = frame
            if len(found) == len(wanted):
                break
    finally:
        context.skip_frame = "DEFAULT"
    return _whole(found, wanted)


def _whole(found: "dict[int, VideoFrame]", wanted: dict[int, int]) -> "dict[int, VideoFrame]":
    return found if found.keys() == set(wanted.values()) else {}
