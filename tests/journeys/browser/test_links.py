"""Links within the page, and links to other files of the report."""

from collections.abc import Callable

import pytest

from tests.journeys.browser.pages import IN_VIEW, Opened

LINKS = "() => [...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href'))"
FOLD = "document.querySelectorAll('details').forEach((d) => (d.open = false))"
CLICK = "(href) => document.querySelector(`a[href=${JSON.stringify(href)}]`).click()"


@pytest.mark.parametrize("name", ["rich", "empty", "failures", "one"])
def test_a_link_within_the_page_opens_and_shows_its_target(
    visit: Callable[[str], Opened], name: str
) -> None:
    page = visit(name).page
    inside = {href for href in page.evaluate(LINKS) if href.startswith("#")}
    assert inside
    for href in sorted(inside):
        assert page.evaluate("(href) => !!document.getElementById(href.slice(1))", href), href
        page.evaluate(FOLD)
        page.evaluate(CLICK, href)
        page.wait_for_function(IN_VIEW, arg=href)


def test_other_links_are_files_of_the_report(visit: Callable[[str], Opened]) -> None:
    opened = visit("rich")
    files = {href for href in opened.page.evaluate(LINKS) if not href.startswith("#")}
    assert files >= {"results.csv", "results.json"}
    assert [href for href in files if not (opened.folder / href).is_file()] == []
