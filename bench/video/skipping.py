"""A few pictures of a video, without decoding what none of them depends on.

The pixels are those of decoding all. Where that is not certain, nothing is skipped.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av import Packet, VideoFrame, VideoStream

# Of other codecs the flag is missing, or says less: a picture that another needs may carry it.
MARKS_UNUSED = ("h264",)
# Containers that say when each picture is shown; in others FFmpeg guesses it where order changes.
TIMED = ("mov", "matroska", "mpegts", "flv")


def few_frames(
    stream: "VideoStream", packets: "Sequence[Packet[VideoStream]]", places: Collection[int]
) -> "dict[int, VideoFrame]":
    """The frames at `places` in the order of time, by place; none where it is not certain.

    Every packet is a picture.

    If every packet is a picture by itself, only those at `places` are decoded. Else H.264 marks the
    pictures that no other depends on, which are left out unless they are wanted.
    """
    import av

    times = sorted(packet.pts for packet in packets if packet.pts is not None)
    if len(set(times)) < len(packets) or any(packet.is_discard for packet in packets):
        return {}
    orders = [packet.dts for packet in packets if packet.dts is not None]
    # Of a video that was cut out of another, the first pictures may need some that are not there.
    is_cut = not packets[0].is_keyframe or packets[0].pts != times[0]
    if is_cut or orders != sorted(orders):
        return {}
    wanted = {times[place]: place for place in places}
    try:
        if all(packet.is_keyframe for packet in packets):
            return _by_themselves(stream, packets, wanted)
        is_timed = stream.container.format.name.startswith(TIMED)
        if is_timed and stream.codec_context.name in MARKS_UNUSED:
            return _without_unused(stream, packets, wanted)
    except av.error.FFmpegError:
        pass  # decoding all says what is wrong
    return {}


def _by_themselves(
    stream: "VideoStream", packets: "Sequence[Packet[VideoStream]]", wanted: dict[int, int]
) -> "dict[int, VideoFrame]":
    from av.video.frame import PictureType

    found: dict[int, VideoFrame] = {}
    needed = (packet for packet in packets if packet.pts in wanted)
    for packet in (*needed, None):
        for frame in stream.codec_context.decode(packet):
            if frame.pict_type != PictureType.I:  # the file calls a picture what it is not
                return {}
            found[wanted.get(frame.pts or 0, -1)] = frame
    return _whole(found, wanted)


def _without_unused(
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
