import pytest

from reports.tables import Cell, Table, format_digits


def test_what_all_rows_share_stands_in_the_caption() -> None:
    rows = tuple(tuple(map(Cell, ("tsn", "", "8", mode, "1"))) for mode in ("infer", "train"))
    table = Table("points", ("network", "options", "batch", "mode", "seconds"), rows).compact()
    assert table.caption == "points, batch 8"
    assert table.headings == ("network", "mode", "seconds")
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["tsn", "infer", "1"],
        ["tsn", "train", "1"],
    ]


def test_a_table_without_rows_stays_one() -> None:
    assert Table("points", ("batch",), ()).compact().rows == ()


@pytest.mark.parametrize(
    ("value", "text"), [(1517.4, "1,517"), (999.4, "999"), (0.005273, "0.00527"), (0.0, "0")]
)
def test_no_figure_is_a_power_of_ten(value: float, text: str) -> None:
    assert format_digits(value) == text
