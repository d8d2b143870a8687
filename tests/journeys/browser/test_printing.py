"""The printed page: all content, no controls."""

import re
from collections.abc import Callable

from tests.journeys.browser.pages import EXPORT, FILTERS, NAVIGATION, Opened

PAGE_OF_PDF = re.compile(rb"/Type\s*/Page\b")
CLOSED = """() => [...document.querySelectorAll("details > :not(summary, .filters)")]
  .filter((element) => !element.checkVisibility())
  .map((element) => element.outerHTML.slice(0, 80))"""


def test_it_has_several_pages(visit: Callable[[str], Opened]) -> None:
    pdf = visit("rich").page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    assert len(PAGE_OF_PDF.findall(pdf)) > 1


def test_what_one_clicks_is_not_printed(visit: Callable[[str], Opened]) -> None:
    page = visit("rich").page
    page.emulate_media(media="print")
    for controls in (NAVIGATION, FILTERS, EXPORT):
        assert [
            each.is_visible() for each in page.locator(controls).all() if each.is_visible()
        ] == []


def test_what_is_closed_is_printed(visit: Callable[[str], Opened]) -> None:
    page = visit("rich").page
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details").count() > 0
    assert page.evaluate(CLOSED) == []
