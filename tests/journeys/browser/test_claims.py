"""A card for each question, before all else, with its answer and, inside, its claims."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.journeys.browser.pages import CARD, CLAIM, IN_VIEW, Opened

FIRST = f"""() => {{
  const cards = [...document.querySelectorAll("{CARD}")];
  return [...document.querySelectorAll("main table, main svg")].every((other) =>
    cards.some((card) => card.contains(other)) ||
    cards.at(-1).compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
}}"""
FIGURE = re.compile(r"\d (%|times|points|of)")
NOT_MEASURED = "Not measured here."
MAX_PX = 11_000  # in a window of 1280 px: for a thousand records of three machines


def claims(opened: Opened) -> list[dict[str, Any]]:
    return json.loads((opened.folder / "results.json").read_text("utf-8"))["claims"]


@pytest.mark.parametrize("name", ["rich", "one", "empty"])
def test_each_question_is_answered_before_all_else(
    visit: Callable[[str], Opened], name: str
) -> None:
    opened = visit(name)
    measured: dict[str, bool] = {}
    for claim in claims(opened):
        decides = claim["verdict"] != "not measured here"
        measured[claim["question"]] = measured.get(claim["question"], False) or decides
    cards = opened.page.locator(CARD)
    headings = cards.locator("> summary h3").all_inner_texts()
    assert headings == list(measured)
    for card, is_measured in zip(cards.all(), measured.values(), strict=True):
        answer = card.locator(".answer").inner_text()
        assert bool(FIGURE.search(answer)) is is_measured
        assert is_measured or answer == NOT_MEASURED
    assert opened.page.evaluate(FIRST)


def test_a_card_opens_by_a_click_and_by_the_keyboard(visit: Callable[[str], Opened]) -> None:
    opened = visit("rich")
    card = opened.page.locator(CARD).first
    claim = card.locator(CLAIM).first
    assert not claim.is_visible()
    card.locator("> summary .answer").click()
    assert claim.is_visible()
    card.locator("> summary").press("Enter")
    assert not claim.is_visible()
    card.locator("> summary").press("Space")
    claim.locator("> summary").press("Enter")
    assert claim.locator("table").is_visible()


@pytest.mark.parametrize("name", ["rich", "empty"])
def test_a_claim_has_the_published_and_the_measured_figures_and_the_verdict(
    visit: Callable[[str], Opened], name: str
) -> None:
    opened = visit(name)
    assert opened.page.locator(f"{CARD} {CLAIM}").count() == len(claims(opened))
    for claim in claims(opened):
        text = opened.page.locator(f"{CLAIM}#claim-{claim['id']}").text_content() or ""
        assert claim["verdict"] in text
        assert claim.get("published", "") in text
        is_measured = claim["verdict"] != "not measured here"
        assert (claim["finding"] if is_measured else claim["measured_by"]) in text


def test_the_link_of_a_claim_opens_its_card_and_its_cases(visit: Callable[[str], Opened]) -> None:
    opened = visit("rich")
    for claim in claims(opened):
        href = f"#claim-{claim['id']}"
        opened.page.goto(f"{opened.page.url.partition('#')[0]}{href}")
        opened.page.wait_for_function(IN_VIEW, arg=href)
        assert opened.page.locator(f"{CLAIM}{href}[open]").is_visible()


def test_without_scripts_the_answers_are_there_and_cards_open(
    browser: Browser, visit: Callable[[str], Opened]
) -> None:
    url = (visit("rich").folder / "index.html").as_uri()
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(url)
    card = page.locator(CARD).first
    assert FIGURE.search(card.locator(".answer").inner_text())
    card.locator("> summary").click()
    assert card.locator(CLAIM).first.is_visible()
    page.context.close()


def test_the_page_is_short_until_something_is_opened(visit: Callable[[str], Opened]) -> None:
    opened = visit("rich")
    opened.look(1280)
    closed = opened.page.evaluate("document.documentElement.scrollHeight")
    opened.unfold()
    assert closed < MAX_PX
    assert opened.page.evaluate("document.documentElement.scrollHeight") > 2 * closed
