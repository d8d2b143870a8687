"""A report in a browser: the selectors of its parts, and the problems of an open page."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route

WIDTHS = (360, 1024, 1920)  # a phone, a small window, a large screen
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HEIGHT = 800
LAST_RESORT_MS = 600_000  # a page that takes longer hangs

NAVIGATION = "nav"
TABLES = "table.sortable"
HEADINGS = "thead th"
FILTERS = "form.filters"
EXPORT = "button.export"
ANCHOR = "a.anchor"
CARD = "details.card"
CLAIM = "details.claim"
POINT = ".point"
TIP = "#tip"
OF_SEVERAL_UNITS = "formulations-table"  # its rows have different units
MISSING = ("", "not measured", "none")  # the texts of cells without a figure
COUNT = re.compile(r"([\d,]+) of ([\d,]+) rows")

# Whether the target of a link is visible in the window.
IN_VIEW = """(href) => {
  const target = document.getElementById(decodeURIComponent(href.slice(1)));
  const { top, bottom } = target.getBoundingClientRect();
  return target.checkVisibility() && top >= -1 && Math.min(top, bottom) < innerHeight;
}"""


@dataclass
class Opened:
    """An open page. `problems` are its console messages, errors and requests for other files."""

    page: Page
    folder: Path
    problems: list[str] = field(default_factory=list)

    def look(self, width: int, scheme: Literal["light", "dark"] = "light") -> None:
        """Show the page in a window of this width, in this colour scheme."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.emulate_media(color_scheme=scheme)

    def unfold(self) -> None:
        """Open all details, so that everything can be clicked."""
        self.page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")


def open_report(browser: Browser, folder: Path) -> tuple[BrowserContext, Opened]:
    """Open the report in a new context without network."""
    context = browser.new_context(
        viewport={"width": WIDTHS[1], "height": HEIGHT}, reduced_motion="reduce"
    )
    context.set_default_timeout(LAST_RESORT_MS)
    page = context.new_page()
    opened = Opened(page, folder)
    url = (folder / "index.html").as_uri()

    def allow_itself(route: Route) -> None:
        if route.request.url.split("#")[0] == url:
            route.continue_()
        else:
            opened.problems.append(f"request for {route.request.url}")
            route.abort()

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            opened.problems.append(f"console {message.type}: {message.text}")

    context.route("**/*", allow_itself)
    page.on("console", listen)
    page.on("pageerror", lambda error: opened.problems.append(f"page error: {error}"))
    page.goto(url)
    return context, opened
