"""Tables are sorted by the values of their cells, with a mouse and with a keyboard."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from tests.journeys.browser.pages import MISSING, OF_SEVERAL_UNITS, Opened
from tests.journeys.browser.results import COSTS
from tests.journeys.browser.tables import ShownTable, all_tables, figure, is_numeric


def check_order(cells: list[str], descending: bool) -> None:
    """Check that figures are in order with missing ones at one end, and equal texts together."""
    if is_numeric(cells):
        values = [figure(cell) for cell in cells if cell not in MISSING]
        assert values == sorted(values, key=lambda value: value or 0.0, reverse=descending)
        gaps = [place for place, cell in enumerate(cells) if cell in MISSING]
        assert not gaps or gaps[-1] - gaps[0] == len(gaps) - 1
        assert not gaps or gaps[0] == 0 or gaps[-1] == len(cells) - 1
    else:
        starts = [after for before, after in pairwise(cells) if before != after]
        assert len({cells[0], *starts}) == 1 + len(starts)


def check_heading(table: ShownTable, place: int, order: str) -> None:
    sorting = table.sorting
    assert sorting[place] == order
    assert {each for n, each in enumerate(sorting) if n != place} <= {None, "none"}


def test_every_kind_of_column_by_mouse(visit: Callable[[str], Opened]) -> None:
    opened = visit("rich")
    opened.unfold()
    seen: set[str] = set()
    kinds: set[bool] = set()
    for table in sorted(all_tables(opened.page), key=lambda table: len(table.rows)):
        if table.id == OF_SEVERAL_UNITS:
            continue
        for place, heading in enumerate(table.headings):
            if heading in seen:
                continue
            seen.add(heading)
            rows = sorted(table.rows)
            for order in ("ascending", "descending"):
                table.button(place).click()
                check_heading(table, place, order)
                check_order(table.column(place), descending=order == "descending")
            assert sorted(table.rows) == rows
            kinds.add(is_numeric(table.column(place)))
    assert {"network", "depth", "frames", "MACs (G)", "allocated (MiB)"} <= seen
    assert kinds == {True, False}


def test_names_are_sorted_as_names(visit: Callable[[str], Opened]) -> None:
    table = first_with(visit("rich"), "network")
    place = table.headings.index("network")
    table.button(place).click()
    names = [name for name in table.column(place) if name in COSTS]
    assert len(set(names)) > 2
    assert names == sorted(names)


@pytest.mark.parametrize("heading", ["network", "frames"])
def test_by_keyboard(visit: Callable[[str], Opened], heading: str) -> None:
    opened = visit("rich")
    table = first_with(opened, heading)
    place = table.headings.index(heading)
    for key, order in (("Enter", "ascending"), ("Space", "descending"), ("Enter", "ascending")):
        table.button(place).focus()
        opened.page.keyboard.press(key)
        check_heading(table, place, order)
        check_order(table.column(place), descending=order == "descending")


def first_with(opened: Opened, heading: str) -> ShownTable:
    opened.unfold()
    return next(table for table in all_tables(opened.page) if heading in table.headings)
