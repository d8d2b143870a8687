from collections import Counter

import pytest

from suites import SuiteError, load_published
from suites.counting import COUNTING_RULES, CountingRule, find_rule

ROWS = [row for row in load_published() if row.own_rule is None]
EXACT, ROUNDED, *TABLES_OF_OTHERS = COUNTING_RULES.values()


def test_every_row_with_costs_has_a_counting_rule() -> None:
    rules = Counter(row.rule for row in ROWS if row.figures)
    counts = {EXACT: 288, ROUNDED: 8}
    assert rules == counts | dict(zip(TABLES_OF_OTHERS, (1, 1, 2), strict=True))
    assert EXACT.operators == ("conv",)
    assert ROUNDED.operators == ("conv", "norm")


def test_a_source_without_a_counting_rule_is_refused() -> None:
    with pytest.raises(SuiteError, match=r"bLVNet-TAM@.* has no counting rule"):
        find_rule("IBM/bLVNet-TAM@feadcd3 README.md")


@pytest.mark.parametrize(
    ("counted", "printed"),
    [
        (102_734_105_600, 102_700_000_000),
        (102_750_000_000, 102_800_000_000),
        (23_864_558, 23_870_000),  # by way of 23.865M
        (23_864_499, 23_860_000),
        (99_996, 100_000),
        (87, 87),
    ],
)
def test_a_rounded_figure_is_printed_to_four_digits(counted: int, printed: int) -> None:
    assert ROUNDED.round_count(counted) == printed
    assert EXACT.round_count(counted) == counted


def test_a_count_is_of_the_kinds_of_the_rule_by_its_factors() -> None:
    counted = {"conv": 100, "linear": 10, "norm": 8, "pool": 7}
    assert EXACT.count(counted) == 100
    assert ROUNDED.count(counted) == 108
    rule = CountingRule(
        ("conv", "linear", "matmul", "norm"), (), "", views=3, norm_operations=5, head_positions=4
    )
    assert rule.count(counted) == 3 * (100 + 4 * 10 + 20)
