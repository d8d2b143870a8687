"""Interlaced H.264: every picture is two fields, of grey blocks that are not compressed."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BLOCK = 16
PARAMETERS, PICTURE_PARAMETERS, OWN, OTHER = 7, 8, 5, 1  # types of units; "own" needs no other
UNCOMPRESSED = 25  # the type of a macroblock


class Bits:
    def __init__(self) -> None:
        self.text = ""

    def number(self, length: int, value: int) -> None:
        self.text += f"{value:0{length}b}"

    def golomb(self, *values: int) -> None:
        for value in values:
            self.number(2 * (value + 1).bit_length() - 1, value + 1)

    def unit(self, kind: int) -> bytes:
        """The bits as a unit, with a start code and a 3 after every two zeros that need it."""
        bits = f"{self.text}1"
        content = int(bits, 2) << -len(bits) % 8
        stuffed, zeros = bytearray(), 0
        for byte in content.to_bytes((len(bits) + 7) // 8):
            if zeros >= 2 and byte <= 3:
                stuffed.append(3)
                zeros = 0
            stuffed.append(byte)
            zeros = 0 if byte else zeros + 1
        return b"\0\0\0\1" + bytes([3 << 5 | kind]) + bytes(stuffed)


def write_fields(path: Path, pictures: NDArray[np.uint8]) -> Path:
    """Write F x H x W grey levels as raw H.264, with every picture as its upper and lower lines."""
    height, width = pictures.shape[1:]
    parts = [_parameters(height, width), _picture_parameters()]
    for number, picture in enumerate(pictures):
        parts += [_field(picture[lower::2], number, lower) for lower in (0, 1)]
    path.write_bytes(b"".join(parts))
    return path


def _parameters(height: int, width: int) -> bytes:
    bits = Bits()
    bits.number(24, 77 << 16 | 30)  # Main profile, level 3
    bits.golomb(0, 0, 0, 4, 1)
    bits.number(1, 0)
    bits.golomb(width // BLOCK - 1, height // BLOCK // 2 - 1)
    bits.number(5, 0b00100)  # fields are allowed
    return bits.unit(PARAMETERS)


def _picture_parameters() -> bytes:
    bits = Bits()
    bits.golomb(0, 0)
    bits.number(2, 0)
    bits.golomb(0, 0, 0)
    bits.number(3, 0)
    bits.golomb(0, 0, 0)
    bits.number(3, 0)
    return bits.unit(PICTURE_PARAMETERS)


def _field(levels: NDArray[np.uint8], number: int, lower: int) -> bytes:
    is_first = number == lower == 0
    bits = Bits()
    bits.golomb(0, 7, 0)  # the first macroblock, of a field that needs no other
    bits.number(4, number % 16)
    bits.number(2, 2 | lower)
    if is_first:
        bits.golomb(0)
    bits.number(8, (2 * number + lower) % 256)
    bits.number(2 if is_first else 1, 0)
    bits.golomb(0)
    for top in range(0, levels.shape[0], BLOCK):
        for left in range(0, levels.shape[1], BLOCK):
            bits.golomb(UNCOMPRESSED)
            bits.text += "0" * (-len(bits.text) % 8)
            block = levels[top : top + BLOCK, left : left + BLOCK].tobytes() + bytes([128] * 128)
            bits.number(8 * len(block), int.from_bytes(block))
    return bits.unit(OWN if is_first else OTHER)
