"""Which packets of a stream are pictures that are shown, where their headers say so for certain.

A packet may have no picture, such as an alternate reference of VP8, or only a field of one.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bench.video import h264

if TYPE_CHECKING:
    from av import VideoStream

    from bench.video.container import Packets


def shown_packets(stream: "VideoStream", packets: "Packets") -> "Packets | None":
    """The packets that are one shown picture each; None if only decoding all of them can tell."""
    changes = (p.has_sidedata("new_extradata") for p in packets if p.is_keyframe)  # of the format
    if any(packet.is_discard for packet in packets) or any(changes) or _is_cut(packets):
        return None  # an edit list discards packets
    codec = stream.codec_context
    if codec.name in SHOWN:
        counts = [SHOWN[codec.name](memoryview(packet)) for packet in packets]
        certain = all(count in (0, 1) for count in counts)
        return [p for p, count in zip(packets, counts, strict=True) if count] if certain else None
    if codec.name == "h264":
        are_whole = h264.are_whole_pictures(codec.extradata or b"", map(bytes, packets))
        return packets if are_whole else None
    return packets if codec.codec.intra_only else None


def _is_cut(packets: "Packets") -> bool:
    """Whether the first pictures may need some that are missing, of a film that it was cut from."""
    times = [packet.pts for packet in packets if packet.pts is not None]
    return not packets[0].is_keyframe or bool(times and packets[0].pts != min(times))


def _shown_in_vp8(packet: memoryview) -> int:
    """Source: RFC 6386, section 9.1."""
    return packet[0] >> 4 & 1


def _shown_in_vp9(packet: memoryview) -> int:
    """The number of shown pictures of a packet, which may hold several pictures.

    Source: VP9 bitstream specification, section 6.2 and annex B.
    """
    last = packet[-1]
    if last >> 5 != 0b110:
        return _shows_vp9(packet[0])
    length, count = (last >> 3 & 3) + 1, (last & 7) + 1
    index = len(packet) - 2 - length * count
    if index < 0 or packet[index] != last:
        return _shows_vp9(packet[0])
    shown, start = 0, 0
    for place in range(index + 1, len(packet) - 1, length):
        size = int.from_bytes(packet[place : place + length], "little")
        shown += _shows_vp9(packet[start]) if size and start < index else 0
        start += size
    return shown


def _shows_vp9(first: int) -> int:
    """Whether the frame that begins with this byte is shown, or shows one of before."""
    if first >> 4 & 3 == 3:  # profile 3 has a bit more
        return int(bool(first & 4 or first & 1))
    return int(bool(first & 8 or first & 2))


SHOWN: dict[str, Callable[[memoryview], int]] = {"vp8": _shown_in_vp8, "vp9": _shown_in_vp9}
