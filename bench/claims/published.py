"""Published accuracies as evidence: for claims whose data sets hardly anybody has at hand.

They decide a case as long as its accuracies are not measured. Both sides must be tested alike: on
the same data set, by the same number of views of the same size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from bench.claims.findings import Standing
from bench.records.point import Point, accuracy_options
from suites import Claim, PublishedRow


@dataclass(frozen=True)
class AsPublished:
    """The difference of two published accuracies in percentage points.

    The sources print one figure for each network, so it has no interval.
    """

    numerator: PublishedRow
    denominator: PublishedRow

    @property
    def value(self) -> float:
        """By how many percentage points the numerator is more accurate."""
        ours, theirs = self.accuracies
        return round(ours - theirs, 4)

    @property
    def accuracies(self) -> tuple[float, float]:
        """The top-1 of both sides in percent."""
        return self.numerator.top1 or 0.0, self.denominator.top1 or 0.0

    def standing(self, claim: Claim) -> Standing:
        """Met if the difference satisfies the bound."""
        is_met = self.value >= claim.bound if claim.at_most is None else self.value <= claim.bound
        return Standing.MET if is_met else Standing.NOT_MET

    def brief(self, claim: Claim) -> str:
        """The difference in points, marked as published."""
        return f"{self.value:+.1f} points as published"

    text = brief

    @property
    def figure(self) -> str:
        """The difference with both accuracies, without units."""
        return f"{self.value:+.1f} ({self.numerator.top1:g} and {self.denominator.top1:g})"

    def as_json(self, claim: Claim) -> dict[str, Any]:
        """The difference, and the sources of both accuracies."""
        sources = [row.reference for row in (self.numerator, self.denominator)]
        return {"points": self.value, "as_published": sources}


def find_published(
    rows: Sequence[PublishedRow], dataset: str, numerator: Point, denominator: Point
) -> AsPublished | None:
    """The published accuracies of two points on a data set, tested alike; None if there are none.

    If there are several, the pair with the best denominator counts: the claim has to hold against
    it. Its numerator is the best one that was tested like it.
    """
    pairs = [
        AsPublished(ours, theirs)
        for ours, theirs in product(
            _accuracies(rows, dataset, numerator), _accuracies(rows, dataset, denominator)
        )
        if _test(ours) == _test(theirs)
    ]
    return max(
        pairs, key=lambda pair: (pair.denominator.top1 or 0, pair.numerator.top1 or 0), default=None
    )


def _accuracies(rows: Sequence[PublishedRow], dataset: str, point: Point) -> list[PublishedRow]:
    wanted = (dataset, point.network, point.depth, accuracy_options(point.options), point.frames)
    return [
        row
        for row in rows
        if (row.dataset, row.network, row.depth, accuracy_options(row.options), row.frames)
        == wanted
        and row.top1 is not None
        and row.protocol
    ]


def _test(row: PublishedRow) -> tuple[int, int] | None:
    return (row.protocol.views, row.protocol.size) if row.protocol else None
