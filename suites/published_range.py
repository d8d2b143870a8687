"""A published ratio: one figure or a range, and where a measured ratio stands to it."""

from typing import Self

from pydantic import PositiveFloat, model_validator

from suites.toml import Section

# How far a ratio may be below a published figure, or below the lower end of a range. The sources
# print whole numbers, as in "3~4x" and "~2x". Rounding to whole numbers would allow a sixth below 3
# and a quarter below 2; a tenth is less than both, and the same for all.
TOLERANCE = 0.1


class PublishedRange(Section):
    """A ratio as published: from `low` to `high`, which are equal where one figure is printed."""

    low: PositiveFloat
    high: PositiveFloat

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError("low must not be above high")
        return self

    @property
    def bound(self) -> float:
        """The least ratio that meets the claim: a tenth below the range."""
        return self.low * (1 - TOLERANCE)

    def distance(self, ratio: float) -> float:
        """How far a ratio is below (negative) or above the range, as a share of the nearer end.

        It is 0 within the range.
        """
        return ratio / min(max(ratio, self.low), self.high) - 1

    def describe(self, ratio: float) -> str:
        """Where a ratio stands, such as `8.6 % below 3x to 4x`."""
        distance = self.distance(ratio)
        if not distance:
            return f"within {self}"
        side = "below" if distance < 0 else "above"
        return f"{100 * abs(distance):.1f} % {side} {self}"

    def __str__(self) -> str:
        return f"{self.low:g}x to {self.high:g}x" if self.low < self.high else f"{self.low:g}x"
