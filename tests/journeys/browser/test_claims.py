"""A card for each claim, before all else, with its figures and a link to the evidence."""

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys.browser.pages import ANSWER, CARD, IN_VIEW, Opened

FIRST = f"""() => {{
  const card = document.querySelector("{CARD}");
  return [...document.querySelectorAll("main table, main svg")].every(
    (other) => card.compareDocumentPosition(other) &
      (Node.DOCUMENT_POSITION_FOLLOWING | Node.DOCUMENT_POSITION_CONTAINED_BY));
}}"""
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
FIGURE = re.compile(r"\d[\d,]*\.\d+")
ROUNDING = 0.02  # largest relative error of a figure that is shown, in addition to 0.05


def claims(opened: Opened) -> list[dict[str, Any]]:
    return json.loads((opened.folder / "results.json").read_text("utf-8"))["claims"]


def numbers(pattern: re.Pattern[str], text: str) -> list[float]:
    return [float(number.replace(",", "")) for number in pattern.findall(text)]


def is_among(figure: float, shown: list[float]) -> bool:
    return any(abs(number - figure) <= ROUNDING * figure + 0.05 for number in shown)


@pytest.mark.parametrize("name", ["rich", "one", "empty"])
def test_each_question_is_answered_before_all_else(
    visit: Callable[[str], Opened], name: str
) -> None:
    opened = visit(name)
    by_question: dict[str, Counter[str]] = {}
    for claim in claims(opened):
        by_question.setdefault(claim["question"], Counter())[claim["verdict"]] += 1
    answers = opened.page.locator(ANSWER)
    assert answers.locator("a").all_text_contents() == list(by_question)
    for answer, verdicts in zip(answers.all(), by_question.values(), strict=True):
        shown = answer.locator(".verdict").all_text_contents()
        assert sorted(shown) == sorted(f"{count} {verdict}" for verdict, count in verdicts.items())
        href = answer.locator("a").get_attribute("href")
        answer.locator("a").click()
        opened.page.wait_for_function(IN_VIEW, arg=href)


@pytest.mark.parametrize("name", ["rich", "empty"])
def test_a_card_has_the_published_and_the_measured_figures_and_the_verdict(
    visit: Callable[[str], Opened], name: str
) -> None:
    opened = visit(name)
    assert opened.page.locator(CARD).count() == len(claims(opened))
    for claim in claims(opened):
        text = opened.page.locator(f"{CARD}#claim-{claim['id']}").text_content() or ""
        assert claim["verdict"].lower() in text.lower()
        assert claim["published"].lower() in text.lower()
        measured = numbers(FIGURE, claim["finding"])
        assert not measured or any(is_among(figure, numbers(NUMBER, text)) for figure in measured)


def test_cards_come_first(visit: Callable[[str], Opened]) -> None:
    assert visit("rich").page.evaluate(FIRST)


def test_a_card_leads_to_its_evidence(visit: Callable[[str], Opened]) -> None:
    opened = visit("rich")
    for claim in claims(opened)[:3]:
        evidence = f"#evidence-{claim['id']}"
        opened.page.locator(f"{CARD}#claim-{claim['id']} a[href='{evidence}']").first.click()
        opened.page.wait_for_function(IN_VIEW, arg=evidence)
        assert opened.page.locator(f"details{evidence}:not([open])").count() == 0
