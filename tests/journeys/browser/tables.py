"""The rows that a table of a page shows, and the numbers in its cells."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page

from tests.journeys.browser.pages import HEADINGS, MISSING, TABLES

SHOWN = """(table) => [...table.tBodies[0].rows]
  .filter((row) => row.checkVisibility())
  .map((row) => [...row.cells].map((cell) => cell.textContent.trim()))"""
SORTED = "(heads) => heads.map((head) => head.getAttribute('aria-sort'))"
# 1,234  -0.5  +4.0%  0.98 to 1.02: the value of a cell is the number that it begins with.
FIGURE = re.compile(r"([+\-−]?[\d,]*\.?\d+(?:e[+-]?\d+)?) ?%?(?: to .*)?", re.IGNORECASE)


@dataclass(frozen=True)
class ShownTable:
    """A table of an open page, by its id."""

    page: Page
    id: str

    @property
    def locator(self) -> Locator:
        return self.page.locator(f"table#{self.id}")

    @property
    def headings(self) -> list[str]:
        return [text.strip() for text in self.locator.locator(HEADINGS).all_text_contents()]

    @property
    def rows(self) -> list[list[str]]:
        """The texts of the visible rows, in their order."""
        return self.locator.evaluate(SHOWN)

    @property
    def sorting(self) -> list[str | None]:
        """`aria-sort` of each heading."""
        return self.locator.locator(HEADINGS).evaluate_all(SORTED)

    def column(self, place: int) -> list[str]:
        return [row[place] for row in self.rows]

    def button(self, place: int) -> Locator:
        """The button that sorts by a column."""
        return self.locator.locator(HEADINGS).nth(place).locator("button")


def all_tables(page: Page) -> list[ShownTable]:
    idents = page.locator(TABLES).evaluate_all("(tables) => tables.map((table) => table.id)")
    return [ShownTable(page, ident) for ident in idents]


def figure(text: str) -> float | None:
    """The number in a cell, None without one."""
    found = FIGURE.fullmatch(text)
    return float(found[1].replace(",", "").replace("−", "-")) if found else None


def is_numeric(cells: list[str]) -> bool:
    """Whether all cells with content are numbers."""
    figures = [cell for cell in cells if cell not in MISSING]
    return bool(figures) and all(figure(cell) is not None for cell in figures)
