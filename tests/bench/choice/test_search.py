from bisect import bisect_right
from math import ceil, inf, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.choice.search import GUESSES, Search, run_searches, search_largest

shares = st.one_of(st.floats(0, 3), st.sampled_from([0.0, 1.0, inf]))
rising = st.lists(shares, min_size=1, max_size=80).map(sorted)


def run(search: Search, costs: list[float]) -> tuple[int, list[int]]:
    """The result of a search over the numbers 1, 2, ... with these costs, and its trials."""
    tried = []
    at = next(search)
    while True:
        tried.append(at)
        try:
            at = search.send(costs[at - 1])
        except StopIteration as end:
            return end.value, tried


@given(rising)
def test_the_result_is_that_of_brute_force_and_its_boundary_is_tried(costs: list[float]) -> None:
    result, tried = run(search_largest(len(costs)), costs)
    assert result == bisect_right(costs, 1)
    assert len(tried) == len(set(tried))
    assert set(tried) >= {n for n in (result, result + 1) if 1 <= n <= len(costs)}
    assert len(tried) <= GUESSES + 2 * ceil(log2(len(costs) + 1))


@given(rising, st.integers(0, 20))
def test_the_smallest_numbers_may_not_run(costs: list[float], failing: int) -> None:
    all_costs = [inf] * failing + costs
    result, tried = run(search_largest(len(all_costs), failing + 1), all_costs)
    fitting = bisect_right(costs, 1)
    assert result == (failing + fitting if fitting else 0)
    assert len(tried) <= GUESSES + 2 * ceil(log2(len(costs) + 1)) + ceil(log2(failing + 1)) + 1


@given(rising, st.integers(1, 100))
def test_the_result_is_the_same_from_every_start(costs: list[float], start: int) -> None:
    result, tried = run(search_largest(len(costs), start=start), costs)
    assert result == bisect_right(costs, 1)
    assert tried[0] == min(start, len(costs))
    assert len(tried) == len(set(tried))


@pytest.mark.parametrize(("limit", "most"), [(25, 2), (24, 2), (26, 3)])
def test_a_good_start_takes_few_trials(limit: int, most: int) -> None:
    """The costs of a GPU: what is reserved, and nothing but 'out of memory' beyond its limit."""
    costs = [0.2 + 0.8 * n / (limit + 0.5) if n <= limit else inf for n in range(1, 1000)]
    result, tried = run(search_largest(len(costs), start=25), costs)
    assert result == limit
    assert len(tried) <= most


@given(st.floats(0, 0.9), st.floats(1e-4, 0.5))
def test_a_linear_cost_takes_few_trials(offset: float, slope: float) -> None:
    costs = [offset + slope * n for n in range(1, 1 << 14)]
    result, tried = run(search_largest(len(costs)), costs)
    assert result == bisect_right(costs, 1)
    assert len(tried) <= 5


def test_a_cost_of_0_takes_two_trials() -> None:
    assert run(search_largest(1 << 20), [0.0] * (1 << 20)) == (1 << 20, [1, 1 << 20])


def test_searches_advance_in_common_rounds() -> None:
    limits = {"a": 5, "b": 30, "none": 0}
    rounds: list[set[str]] = []

    def cost(trials: dict[str, int]) -> dict[str, float]:
        rounds.append(set(trials))
        return {key: n / (limits[key] + 0.5) for key, n in trials.items()}

    assert run_searches({key: search_largest(64) for key in limits}, cost) == limits  # type: ignore[arg-type]
    assert rounds[0] == set(limits)
    assert len(rounds) <= 5


@pytest.mark.parametrize(("costs", "result"), [([2.0], 0), ([1.0], 1), ([inf], 0)])
def test_one_candidate(costs: list[float], result: int) -> None:
    assert run(search_largest(1, sure=5), costs) == (result, [1])
