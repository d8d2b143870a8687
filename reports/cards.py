"""The claims at a glance: what they answer, their verdicts and the range of what was measured."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bench.claims.verdicts import ClaimResult, Verdict


@dataclass(frozen=True)
class Card:
    """A judged claim."""

    result: ClaimResult

    @property
    def is_judged(self) -> bool:
        """Whether any of its cases is measured."""
        return self.result.verdict is not Verdict.NOT_MEASURED

    @property
    def measured(self) -> str:
        """The least and the most of what its cases gave, and of how many, where not of all."""
        cases = self.result.cases
        measured = sum(case.is_measured for case in cases)
        span = _span([self])
        return span if measured in (0, len(cases)) else f"{span} ({measured} of {len(cases)} cases)"


@dataclass(frozen=True)
class Answer:
    """A question, and the claims that answer it."""

    question: str
    cards: tuple[Card, ...]

    @property
    def id(self) -> str:
        """What its part of the page is called."""
        return f"answer-{self.cards[0].result.claim.id}"

    @property
    def judged(self) -> tuple[Card, ...]:
        """The claims that something is measured of."""
        return tuple(card for card in self.cards if card.is_judged)

    @property
    def measured(self) -> list[str]:
        """The least and the most of what they gave, of each quantity and instrument by itself.

        Nothing of figures of several machines, or that are compared otherwise: they are no range.
        """
        kinds: dict[tuple[str, str], list[Card]] = {}
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
        """How many claims fared how, in the order of `Verdict`."""
        counts = Counter(card.result.verdict for card in self.cards)
        return {str(verdict): counts[verdict] for verdict in Verdict if verdict in counts}


def build_answers(claims: Iterable[ClaimResult]) -> tuple[Answer, ...]:
    """The questions in the order in which the claims come to them."""
    cards: dict[str, list[Card]] = {}
    for result in claims:
        cards.setdefault(result.claim.question, []).append(Card(result))
    return tuple(Answer(question, tuple(found)) for question, found in cards.items())


def _is_range(cards: Iterable[Card]) -> bool:
    cases = [case for card in cards for case in card.result.cases if case.is_measured]
    kinds = {(case.claim.compare, case.claim.at_least is None, case.machine) for case in cases}
    return len(kinds) == 1


def _span(cards: Iterable[Card]) -> str:
    """The least and the most of their cases, without intervals, which the evidence has."""
    found = [
        (case.measured.value, case.measured.brief(case.claim))
        for card in cards
        for case in card.result.cases
        if case.measured
    ]
    if not found:
        return "nothing"
    (_, low), (_, high) = min(found), max(found)
    return low if low == high else f"{low} to {high}"
