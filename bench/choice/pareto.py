"""The Pareto front of accuracy against a cost, by one rule for every table, plot and list.

An item is on the front unless another one dominates it: that one is as accurate and costs no more,
and is better in one of the two. Items that are equal in both are all on the front. Of equal
accuracies the cheapest is, and at equal cost the most accurate.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Figures(NamedTuple):
    """What is compared: a cost in its unit, and a top-1 in percent."""

    cost: float
    top1: float

    def dominates(self, other: "Figures") -> bool:
        """Whether it is no worse than `other` in both, and better in one."""
        return self.cost <= other.cost and self.top1 >= other.top1 and self != other


def find_front(items: Iterable[T], figures: Callable[[T], Figures | None]) -> list[T]:
    """The items on the front, the cheapest first, equal ones in their order.

    Items without `figures` are left out.
    """
    known = [(own, item) for item in items if (own := figures(item)) is not None]
    front: list[tuple[Figures, T]] = []
    for own, item in sorted(known, key=lambda pair: (pair[0].cost, -pair[0].top1)):
        if not front or own.top1 > front[-1][0].top1 or own == front[-1][0]:
            front.append((own, item))
    return [item for _, item in front]
