from dataclasses import replace

import pytest

from suites import PublishedRow, load_networks, load_published
from suites.counting import COUNTING_RULES

FIRST = load_published()[0]
(SLOWONLY,) = (
    one.row
    for one in load_networks()
    if one.row and one.name == "SlowOnly R50" and one.row.frames == 4
)


def test_a_row_has_its_own_rule_or_that_of_its_source() -> None:
    assert FIRST.rule is next(iter(COUNTING_RULES.values()))
    assert SLOWONLY.rule.norm_operations == 5


def test_the_reference_has_the_source_and_the_protocol() -> None:
    assert SLOWONLY.reference.endswith("model_zoo.md, 10 x 3 views of 256 px, dense")
    assert replace(SLOWONLY, protocol=None).reference.endswith("protocol not known")


def test_an_exact_figure_is_printed_to_the_last_digit() -> None:
    assert FIRST.prints("macs", 11_978_817_536)
    assert not FIRST.prints("macs", 11_978_817_537)


@pytest.mark.parametrize(
    ("count", "is_printed"),
    [
        (27_550_000_000, True),
        (27_545_000_000, True),  # half up
        (27_544_500_000, True),  # by way of 27.545
        (27_559_999_999, True),  # cut off
        (27_544_499_999, False),
        (27_560_000_000, False),
    ],
)
def test_a_figure_with_a_unit_may_be_rounded_once_or_twice_or_cut_off(
    count: int, is_printed: bool
) -> None:
    assert SLOWONLY.figures["macs"] == 27_550_000_000
    assert SLOWONLY.prints("macs", count) is is_printed


def test_a_figure_that_is_not_printed_is_no_figure() -> None:
    row: PublishedRow = replace(SLOWONLY, params=None)
    assert row.figures == {"macs": 27_550_000_000}
