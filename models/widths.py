"""The width of a network: what every channel count is multiplied by, 1.0 being the paper's."""

from models.registry import Between

WIDTHS = Between(0.05, 4.0)  # below, stems come down to a channel; above, no use is in sight


def scaled(channels: int, width: float) -> int:
    """`channels` times `width`, rounded, at least 1."""
    return max(1, round(channels * width))
