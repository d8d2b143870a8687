import pytest

from bench.choice.amounts import format_amount, format_apart


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (33e9, "MACs", "33.00 G"),
        (999, "MACs", "999.0"),
        (1234e12, "MACs", "1,234 T"),
        (0, "MACs", "0.000"),
        (23_863_246, "parameters", "23.86 M"),
        (2**34, "bytes", "16.00 GiB"),
        (0.05, "seconds", "50.00 ms"),
        (2.0, "seconds", "2.000 s"),
        (4e-5, "seconds", "40.00 us"),
    ],
)
def test_amounts_have_a_prefix_and_4_digits(value: float, unit: str, text: str) -> None:
    assert format_amount(value, unit) == text


def test_amounts_have_the_requested_digits() -> None:
    assert format_amount(33_061_498_880, "MACs", digits=8) == "33.061499 G"


@pytest.mark.parametrize(
    ("value", "other", "text"),
    [
        (12e9, 10e9, "12.00 G"),
        (10_001_000_000, 10e9, "10.001 G"),
        (10_000_000_001, 10e9, "10.000000001 G"),
        (10e9, 10e9, "10000000000.0"),
    ],
)
def test_amounts_have_enough_digits_to_differ(value: float, other: float, text: str) -> None:
    assert format_apart(value, other, "MACs") == text
