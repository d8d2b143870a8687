"""The layout at every width in both colour schemes, and accessibility checked by axe-core."""

from collections.abc import Callable
from importlib.resources import files
from itertools import pairwise

import pytest

from tests.journeys.browser.pages import ANCHOR, SCHEMES, WIDTHS, Opened

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A scheme changes only colours.
RULES = {
    "light": {"type": "tag", "values": STANDARDS},
    "dark": {"type": "rule", "values": ["color-contrast"]},
}
ROWS = 2  # of a table, and points of a plot, that axe-core checks: all others have the same markup

# Elements that reach beyond the window, outside of areas that scroll.
TOO_WIDE = """() => {
  const scrolls = (element) => element !== null && element !== document.body &&
    (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
  const widest = document.documentElement.scrollWidth;
  return [...document.body.querySelectorAll("*")]
    .filter((element) => element.checkVisibility())
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
    .filter((element) => !scrolls(element.parentElement))
    .map((element) => element.outerHTML.slice(0, 120))
    .concat(widest > innerWidth ? [`the page is ${widest} px wide`] : []);
}"""
THIN_OUT = f"""() => {{
  const rest = (all) => [...all].slice({ROWS});
  for (const body of document.querySelectorAll("tbody")) rest(body.rows).forEach((r) => r.remove());
  for (const svg of document.querySelectorAll("svg"))
    rest(svg.querySelectorAll(".point")).forEach((point) => point.remove());
}}"""
VIOLATIONS = """(rules) => axe.run({ runOnly: rules, resultTypes: ["violations"] }).then((found) =>
  found.violations.flatMap((rule) => rule.nodes.map(
    (node) => `${rule.id}: ${node.html.slice(0, 160)}: ${node.failureSummary}`)))"""
# Headings and first cells of long tables that leave the view when the last row and column show.
LOST = """() => [...document.querySelectorAll(".table")]
  .filter((area) => area.scrollHeight > area.clientHeight + 100)
  .flatMap((area) => {
    area.scrollTo(area.scrollWidth, area.scrollHeight);
    const { left, top } = area.getBoundingClientRect();
    const { tHead, tBodies } = area.querySelector("table");
    const first = [tBodies[0].lastElementChild.cells[0]];
    const gone = [
      ...[...tHead.rows[0].cells].filter((head) => head.getBoundingClientRect().top < top - 1),
      ...first.filter((element) => element.getBoundingClientRect().left < left - 1),
    ];
    return ["long", ...gone.map((element) => element.outerHTML.slice(0, 120))];
  })"""
# Headings of wide tables that the first column covers when the keyboard focus moves backwards.
COVERED = """() => [...document.querySelectorAll(".table")]
  .filter((area) => area.scrollWidth > area.clientWidth && area.querySelector("th button"))
  .flatMap((area) => {
    area.scrollTo(area.scrollWidth, 0);
    const [first, ...others] = area.querySelectorAll("thead button");
    const covered = others.reverse().filter((button) => {
      button.focus();
      const edge = first.closest("th").getBoundingClientRect().right;
      return button.getBoundingClientRect().right < edge + 20;
    });
    return ["wide", ...covered.map((button) => button.textContent)];
  })"""
LEVELS = "() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((h) => +h.tagName[1])"
# Headings without a link to themselves or to the card around them.
UNLINKED = f"""() => [...document.querySelectorAll("h2,h3")]
  .map((h) => [h, (h.closest("summary")?.parentElement || h).querySelectorAll("{ANCHOR}")])
  .filter(([h, links]) => ![...links].some((a) => document.querySelector(a.hash)?.contains(h)))
  .map(([h]) => h)
  .map((h) => h.textContent)"""

SMALL = ("empty", "failures", "one", "changed")


@pytest.mark.parametrize("name", ["rich", *SMALL, "many"])
def test_nothing_is_wider_than_the_window(visit: Callable[[str], Opened], name: str) -> None:
    opened = visit(name)
    for width in WIDTHS:
        opened.look(width)
        assert opened.page.evaluate(TOO_WIDE) == [], f"{width} px"
    opened.unfold()
    opened.look(WIDTHS[0])
    assert opened.page.evaluate(TOO_WIDE) == []


@pytest.mark.parametrize(
    ("name", "widths"), [("rich", WIDTHS), *((name, WIDTHS[:1]) for name in SMALL)]
)
def test_axe_core_finds_no_violation(
    visit: Callable[[str], Opened], name: str, widths: tuple[int, ...]
) -> None:
    opened = visit(name)
    opened.unfold()
    opened.page.evaluate(THIN_OUT)
    opened.page.evaluate(AXE)
    for width in widths:
        for scheme in SCHEMES:
            opened.look(width, scheme)
            found = opened.page.evaluate(VIOLATIONS, RULES[scheme])
            assert not found, "\n".join([f"{width} px, {scheme}:", *found])


@pytest.mark.parametrize("width", WIDTHS)
def test_a_long_table_keeps_its_headings_and_its_first_column(
    visit: Callable[[str], Opened], width: int
) -> None:
    opened = visit("rich")
    opened.unfold()
    opened.look(width)
    assert set(opened.page.evaluate(LOST)) == {"long"}


@pytest.mark.parametrize("width", WIDTHS[:2])
def test_a_heading_with_the_focus_is_not_under_the_first_column(
    visit: Callable[[str], Opened], width: int
) -> None:
    opened = visit("rich")
    opened.unfold()
    opened.look(width)
    assert set(opened.page.evaluate(COVERED)) == {"wide"}


def test_the_dark_scheme_is_dark(visit: Callable[[str], Opened]) -> None:
    opened = visit("one")
    paper = []
    for scheme in SCHEMES:
        opened.look(WIDTHS[0], scheme)
        paper.append(opened.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert paper[0] != paper[1]


@pytest.mark.parametrize("name", ["rich", *SMALL])
def test_headings_skip_no_level(visit: Callable[[str], Opened], name: str) -> None:
    levels = visit(name).page.evaluate(LEVELS)
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert max(after - before for before, after in pairwise(levels)) <= 1


def test_every_heading_has_a_link_to_itself(visit: Callable[[str], Opened]) -> None:
    assert visit("rich").page.evaluate(UNLINKED) == []
