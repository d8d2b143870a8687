"""The claims at a glance: the questions that they answer, their verdicts and their figures."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bench.claims.verdicts import ClaimResult, Verdict


@dataclass(frozen=True)
class ClaimCard:
    """A claim with its verdict."""

    result: ClaimResult

    @property
    def is_judged(self) -> bool:
        """Whether any of its cases is measured."""
        return self.result.verdict is not Verdict.NOT_MEASURED

    @property
    def span(self) -> str:
        """The range of the figures of its cases, and how many cases have one if not all have."""
        cases = self.result.cases
        count = sum(case.is_judged for case in cases)
        span = _span([self])
        return span if count in (0, len(cases)) else f"{span} ({count} of {len(cases)} cases)"


@dataclass(frozen=True)
class Answer:
    """A question, and the claims that answer it."""

    question: str
    cards: tuple[ClaimCard, ...]

    @property
    def id(self) -> str:
        """The HTML id of its part of the page."""
        return f"answer-{self.cards[0].result.claim.id}"

    @property
    def judged(self) -> tuple[ClaimCard, ...]:
        """The claims with at least one measured case."""
        return tuple(card for card in self.cards if card.is_judged)

    @property
    def spans(self) -> list[str]:
        """The range of the figures, for each quantity and instrument.

        Figures of several machines, or of several kinds of comparison, form no range.
        """
        kinds: dict[tuple[str, str], list[ClaimCard]] = {}
        for card in self.judged:
            claim = card.result.claim
            kinds.setdefault((claim.quantity, claim.instrument), []).append(card)
        instruments = Counter(quantity for quantity, _ in kinds)
        spans = {kind: _span(cards) for kind, cards in kinds.items() if _is_range(cards)}
        return [
            f"{quantity}{f', {by}' if instruments[quantity] > 1 else ''}: {span}"
            for (quantity, by), span in spans.items()
        ]

    @property
    def verdicts(self) -> dict[str, int]:
        """The number of claims with each verdict, in the order of `Verdict`."""
        counts = Counter(card.result.verdict for card in self.cards)
        return {str(verdict): counts[verdict] for verdict in Verdict if verdict in counts}


def build_answers(claims: Iterable[ClaimResult]) -> tuple[Answer, ...]:
    """The questions, in the order of their first claims."""
    by_question: dict[str, list[ClaimCard]] = {}
    for result in claims:
        by_question.setdefault(result.claim.question, []).append(ClaimCard(result))
    return tuple(Answer(question, tuple(cards)) for question, cards in by_question.items())


def _is_range(cards: Iterable[ClaimCard]) -> bool:
    cases = [case for card in cards for case in card.result.cases if case.is_judged]
    kinds = {(case.claim.compare, case.claim.at_most is None, case.machine) for case in cases}
    return len(kinds) == 1


def _span(cards: Iterable[ClaimCard]) -> str:
    """The smallest and the largest figure of their cases, without intervals."""
    found = [
        (case.finding.value, case.finding.brief(case.claim))
        for card in cards
        for case in card.result.cases
        if case.finding
    ]
    if not found:
        return "not measured"
    (_, low), (_, high) = min(found), max(found)
    return low if low == high else f"{low} to {high}"
