"""A claim at a glance: its verdict and the range of what was measured."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.claims import ClaimResult, Verdict


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
        found = [case.measured for case in self.result.cases if case.measured]
        if not found:
            return "nothing"
        ends = (of(found, key=lambda one: one.value) for of in (min, max))
        # Without its interval, which the evidence has.
        low, high = (one.text(self.result.claim).partition(",")[0] for one in ends)
        span = low if low == high else f"{low} to {high}"
        cases = len(self.result.cases)
        return span if len(found) == cases else f"{span} ({len(found)} of {cases} cases)"


def split(claims: Iterable[ClaimResult]) -> tuple[tuple[Card, ...], tuple[Card, ...]]:
    """Those that something is measured of, and the others."""
    cards = [Card(result) for result in claims]
    judged = tuple(card for card in cards if card.is_judged)
    return judged, tuple(card for card in cards if not card.is_judged)
