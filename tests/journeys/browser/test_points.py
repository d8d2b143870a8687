"""The labels of points in plots: for a mouse, a keyboard and a screen reader."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.browser.pages import HEIGHT, POINT, TIP, WIDTHS, Opened
from tests.journeys.browser.results import COSTS, FORMULAS

LABELS = "(points) => points.map((point) => point.getAttribute('aria-label'))"
# The Tab key stops once at each plot; the arrow keys move on from there.
STOPS = f"""() => [...document.querySelectorAll("svg:has({POINT})")]
  .map((svg) => [...svg.querySelectorAll("{POINT}")])
  .map((points) => points.filter((point) => point.tabIndex === 0).length)"""
# A point in the middle of the window that no other point covers.
UNCOVERED = """(points) => points.findIndex((point) => {
  point.scrollIntoView({ block: "center", inline: "center" });
  const { x, y, width, height } = point.getBoundingClientRect();
  return point.contains(document.elementFromPoint(x + width / 2, y + height / 2));
})"""
NETWORK = re.compile("|".join(map(re.escape, (*COSTS, *FORMULAS))))
LONE_NUMBERS = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")


@pytest.fixture
def opened(visit: Callable[[str], Opened]) -> Opened:
    opened = visit("rich")
    opened.unfold()
    return opened


def test_each_point_has_its_network_depth_frames_and_value(opened: Opened) -> None:
    found = opened.page.locator(POINT).evaluate_all(LABELS)
    assert len(found) > len(COSTS)
    for label in found:
        assert NETWORK.search(label), label
        assert "frames" in label
        numbers = 2 if re.search(r"\bi3d\b", label) else 3  # it has one depth
        assert len(LONE_NUMBERS.findall(label)) >= numbers, label


def test_a_focused_point_shows_its_tip_until_escape(opened: Opened) -> None:
    tip = opened.page.locator(TIP)
    assert tip.count() == 1
    expect(tip).to_have_role("tooltip")
    expect(tip).to_be_hidden()
    for number in (0, 1):
        point = opened.page.locator(POINT).nth(number)
        point.focus()
        expect(tip).to_be_visible()
        expect(tip).to_have_text(point.get_attribute("aria-label") or "")
    opened.page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_the_keyboard_reaches_each_point(opened: Opened) -> None:
    assert set(opened.page.evaluate(STOPS)) == {1}
    points, tip = opened.page.locator(POINT), opened.page.locator(TIP)
    points.first.focus()
    for key, number in (("ArrowRight", 1), ("ArrowDown", 2), ("ArrowLeft", 1), ("ArrowUp", 0)):
        opened.page.keyboard.press(key)
        expect(points.nth(number)).to_be_focused()
        expect(tip).to_have_text(points.nth(number).get_attribute("aria-label") or "")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_point_under_the_mouse_shows_its_tip_in_the_window(opened: Opened, width: int) -> None:
    opened.look(width)
    number = opened.page.locator(POINT).evaluate_all(UNCOVERED)
    assert number >= 0
    point, tip = opened.page.locator(POINT).nth(number), opened.page.locator(TIP)
    point.hover()
    expect(tip).to_be_visible()
    expect(tip).to_have_text(point.get_attribute("aria-label") or "")
    box = tip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= HEIGHT
    opened.page.mouse.move(0, 0)
    expect(tip).to_be_hidden()
