"""The largest whole number whose cost fits, found with few trials, many searches side by side.

A search is a generator: it yields the number to try and is sent what that takes of the budget, 1
for all of it and infinity for what does not run. Its answer was tried, and so was the number behind
it.
"""

from collections.abc import Callable, Generator, Mapping
from math import inf
from typing import TypeVar

GUESSES = 6  # trials by lines through what is known; what is no line is halved from then on
ROUNDING = 1e-9  # what a crossing that is a whole number may be computed short of it

Search = Generator[int, float, int]
K = TypeVar("K")


def largest(last: int, sure: int = 1) -> Search:
    """The largest of 1 to `last` that takes at most 1, and 0 where there is none.

    Costs do not fall. The first numbers may not run at all; from `sure` on all that fit do.
    """
    first = yield from _smallest_that_runs(min(sure, last))
    low, high = first - 1, last + 1
    tried: dict[int, float] = {}
    while high - low > 1:
        if not tried:
            at = first
        elif len(tried) < GUESSES:
            at = _within(_crossing(tried, low, high), low, high)
        else:
            at = _within(2 * low if high > last else (low + high) // 2, low, high)
        tried[at] = yield at
        if tried[at] <= 1:
            low = at
        else:
            high = at
    return low if tried.get(low, inf) <= 1 else 0


def _smallest_that_runs(sure: int) -> Search:
    low, high, at = 0, sure, 1
    while high - low > 1:
        if (yield at) < inf:
            high = at
        else:
            low = at
        at = (low + high) // 2
    return high


def _crossing(tried: Mapping[int, float], low: int, high: int) -> float:
    """Where a line through what is known reaches 1: between `low` and `high`, or beyond `low`."""
    if tried.get(high, inf) < inf:
        start, end = low, high
    else:
        start = max((n for n in tried if n < low), default=0)
        end = low
    rise = tried[end] - tried.get(start, 0.0)
    if rise <= 0:
        return inf
    return start + (1 - tried.get(start, 0.0)) * (end - start) / rise + ROUNDING


def _within(aim: float, low: int, high: int) -> int:
    """The whole number below `aim`, if it is between `low` and `high`, else the nearest that is."""
    return int(min(max(aim, low + 1), high - 1))


def together(
    searches: Mapping[K, Search], cost: Callable[[Mapping[K, int]], Mapping[K, float]]
) -> dict[K, int]:
    """The answers of all searches; `cost` is given what they try, a number of each, in rounds."""
    answers: dict[K, int] = {}
    asked = {key: next(search) for key, search in searches.items()}
    while asked:
        costs, waiting = cost(asked), {}
        for key in asked:
            try:
                waiting[key] = searches[key].send(costs[key])
            except StopIteration as end:
                answers[key] = end.value
        asked = waiting
    return answers
