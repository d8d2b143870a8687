"""Search for the largest whole number whose cost fits, with few trials; many searches in parallel.

A search is a generator. It yields the number to try, and is sent the share of the budget that this
number needs: 1 is all of it, infinity means that it does not run. It tries its result and the next
larger number.
"""

from collections.abc import Callable, Generator, Mapping
from math import inf
from typing import TypeVar

GUESSES = 6  # trials by linear interpolation; then the range is halved: the cost is not linear
ROUNDING = 1e-9  # rounding may put the crossing just below a whole number

Search = Generator[int, float, int]
K = TypeVar("K")


def search_largest(last: int, sure: int = 1, start: int = 1) -> Search:
    """The largest number from 1 to `last` that needs a share of at most 1; 0 if there is none.

    Costs must not fall. The first numbers may not run; from `sure` on, all run. `start` is a guess
    of the result: if it is good, few trials are needed.
    """
    first = yield from _smallest_that_runs(min(sure, last))
    low, high = first - 1, last + 1
    tried: dict[int, float] = {}
    while high - low > 1:
        if not tried:
            at = _within(start, low, high)
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
    """Where a line through two trials reaches 1: between `low` and `high`, or beyond `low`."""
    if tried.get(high, inf) < inf:
        start, end = low, high
    else:
        start = max((n for n in tried if n < low), default=0)
        end = low
    rise = tried.get(end, 0.0) - tried.get(start, 0.0)
    if rise <= 0:
        return inf
    return start + (1 - tried.get(start, 0.0)) * (end - start) / rise + ROUNDING


def _within(aim: float, low: int, high: int) -> int:
    """`aim` rounded down, or the nearest whole number between `low` and `high`, both excluded."""
    return int(min(max(aim, low + 1), high - 1))


def run_searches(
    searches: Mapping[K, Search], cost: Callable[[Mapping[K, int]], Mapping[K, float]]
) -> dict[K, int]:
    """Run all searches in rounds, and return their results.

    In each round, `cost` is called with the number that each search tries.
    """
    results: dict[K, int] = {}
    trials = {key: next(search) for key, search in searches.items()}
    while trials:
        costs, next_trials = cost(trials), {}
        for key in trials:
            try:
                next_trials[key] = searches[key].send(costs[key])
            except StopIteration as end:
                results[key] = end.value
        trials = next_trials
    return results
