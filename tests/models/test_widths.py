import pytest

from models.widths import WIDTHS, scale_channels


@pytest.mark.parametrize(
    ("channels", "width", "expected"),
    [(64, 1.0, 64), (64, 0.5, 32), (64, 4.0, 256), (10, 0.26, 3), (10, 0.24, 2), (4, 0.05, 1)],
)
def test_channels_are_rounded_and_at_least_1(channels: int, width: float, expected: int) -> None:
    assert scale_channels(channels, width) == expected


def test_widths_have_both_ends() -> None:
    assert 0.05 in WIDTHS
    assert 4.0 in WIDTHS
    assert 0.049 not in WIDTHS
    assert 4.1 not in WIDTHS
