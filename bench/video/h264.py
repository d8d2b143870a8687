"""H.264 streams of which every packet is certainly one whole picture.

Not certain are fields, which are coded two to a picture; packets of no picture or of several; and
streams with other parameters later, at which a decoder may drop pictures.
Source: ITU-T H.264, sections 7.3.1, 7.3.2.1 and 7.3.3.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

SLICES = (1, 5)  # types of units with a slice of a picture
PARTITION = 2  # a part of a slice
PARAMETERS = 7  # a sequence parameter set
WITH_CHROMA = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)  # profiles
START = b"\0\0\1"


def are_whole_pictures(extradata: bytes, packets: Iterable[bytes]) -> bool:
    """Whether each packet is certainly one picture, of the one format that the stream has."""
    is_packed = extradata[:1] == b"\1"  # units follow their length, as in MP4
    length = (extradata[4] & 3) + 1 if is_packed and len(extradata) > 6 else 0
    parameters = set(_packed_parameters(extradata) if length else _parameters(extradata))
    for packet in packets:
        if length and _is_one_slice(packet, length):
            continue  # most are: to look at every unit would take twice as long
        pictures = 0
        for start, end in _packed_units(packet, length) if length else _units(packet):
            kind = packet[start] & 31
            if kind in SLICES:
                # The first bit after the header is set in the first slice of a picture.
                pictures += packet[start + 1] >> 7 if start + 1 < end else 0
            elif kind == PARAMETERS:
                parameters.add(packet[start:end])
            elif kind == PARTITION:
                return False
        if pictures != 1:
            return False
    return len(parameters) == 1 and _has_frames_only(parameters.pop())


def _is_one_slice(packet: bytes, length: int) -> bool:
    """Whether a packet is a single unit, with the first slice of a picture."""
    is_one_unit = int.from_bytes(packet[:length]) + length == len(packet) > length + 1
    return is_one_unit and packet[length] & 31 in SLICES and packet[length + 1] >> 7 == 1


def _packed_parameters(extradata: bytes) -> Iterator[bytes]:
    """The sequence parameter sets in the header of an MP4 or Matroska file."""
    end = 6
    for _ in range(extradata[5] & 31):
        start = end + 2
        end = start + int.from_bytes(extradata[end:start])
        yield extradata[start:end]


def _parameters(data: bytes) -> Iterator[bytes]:
    return (data[a:b] for a, b in _units(data) if data[a] & 31 == PARAMETERS)


def _packed_units(data: bytes, length: int) -> Iterator[tuple[int, int]]:
    """Where units begin and end that follow their length, which has so many bytes."""
    end = 0
    while (start := end + length) < len(data):
        end = min(start + int.from_bytes(data[end:start]), len(data))
        if start < end:
            yield start, end


def _units(data: bytes) -> Iterator[tuple[int, int]]:
    """Where units begin and end that follow a start code, without zeros before the next one."""
    start = data.find(START) + len(START)
    while len(START) <= start < len(data):
        code = data.find(START, start)
        end = len(data) if code < 0 else code
        while end > start and not data[end - 1]:
            end -= 1
        if start < end:
            yield start, end
        start = code + len(START)


@lru_cache  # the films of a data set often have the same
def _has_frames_only(parameters: bytes) -> bool:
    """Whether a sequence parameter set forbids fields; False too if it has rare options."""
    bits = _Bits(parameters.replace(b"\0\0\3", b"\0\0")[1:])  # a 3 is stuffed between zeros
    try:
        profile = bits.number(8)
        bits.number(16)  # constraints and level
        bits.golomb()  # the number of the set
        if profile in WITH_CHROMA:
            if bits.golomb() == 3:  # the chroma format
                bits.number(1)
            bits.golomb()  # bits of luma
            bits.golomb()  # bits of chroma
            bits.number(1)  # whether lossless
            if bits.number(1):  # scaling matrices follow
                return False
        bits.golomb()  # bits of a picture's number
        order = bits.golomb()
        if order == 1:  # a long description of the order follows
            return False
        if order == 0:
            bits.golomb()  # bits of a picture's place
        bits.golomb()  # reference pictures
        bits.number(1)  # whether numbers may be missing
        bits.golomb()  # width
        bits.golomb()  # height
        return bits.number(1) == 1
    except ValueError:  # the set ends early
        return False


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._text = "".join(f"{byte:08b}" for byte in data)
        self._place = 0

    def number(self, length: int) -> int:
        """The next `length` bits as a number. Raises `ValueError` past the end."""
        start, self._place = self._place, self._place + length
        return int(self._text[start : self._place], 2)

    def golomb(self) -> int:
        """The next number in Exp-Golomb code. Raises `ValueError` past the end."""
        zeros = self._text.index("1", self._place) - self._place
        self._place += zeros
        return self.number(zeros + 1) - 1
