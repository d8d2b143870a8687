"""A headless Chromium, and reports to open in it, each built once."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from bench.records.measurement import Measurement
from reports.page import build_page
from reports.writer import write_report
from suites import load_claims
from tests.journeys.browser import results
from tests.journeys.browser.pages import LAST_RESORT_MS, Opened, open_report

NAMES = ("chromium", "google-chrome", "chromium-browser")
RESULTS: dict[str, Callable[[], list[Measurement]]] = {
    "rich": results.rich,
    "empty": list,
    "failures": results.failures,
    "one": results.one,
    "many": results.many,
    "changed": results.changed,
}
AGAINST: dict[str, Callable[[], list[Measurement]]] = {"changed": results.then}


# Closed after the tests of this folder: an open browser keeps an event loop running.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    expect.set_options(timeout=LAST_RESORT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def report(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a report, by the name of its results."""
    root = tmp_path_factory.mktemp("reports")

    def folder(name: str) -> Path:
        if not (root / name).exists():
            against = AGAINST.get(name, list)()
            write_report(build_page(RESULTS[name](), load_claims(), against), root / name)
        return root / name

    return folder


@pytest.fixture
def visit(browser: Browser, report: Callable[[str], Path]) -> Iterator[Callable[[str], Opened]]:
    """Open a report in a new window. The test fails if the page has a problem."""
    visits = []

    def opened(name: str) -> Opened:
        visits.append(open_report(browser, report(name)))
        return visits[-1][1]

    yield opened
    for context, _ in visits:
        context.close()
    assert [problem for _, opened in visits for problem in opened.problems] == []
