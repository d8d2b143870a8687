"""The width of a network: the factor of all its channel counts; 1.0 is the paper's."""

from models.registry import Between

WIDTHS = Between(0.05, 4.0)  # below, stems come down to a channel or two; above, nobody has a use


def scale_channels(channels: int, width: float) -> int:
    """`channels` times `width`, rounded, at least 1."""
    return max(1, round(channels * width))
