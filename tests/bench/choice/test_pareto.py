from hypothesis import given
from hypothesis import strategies as st

from bench.choice.pareto import Figures, find_front

FIGURES = st.builds(Figures, st.integers(1, 5), st.integers(1, 5))


def test_equal_figures_are_all_on_the_front_and_worse_ones_are_not() -> None:
    named = {
        "cheap": Figures(1, 50),
        "as cheap, less accurate": Figures(1, 40),
        "equal": Figures(1, 50),
        "as accurate, costlier": Figures(2, 50),
        "costlier, more accurate": Figures(3, 60),
        "both worse": Figures(4, 55),
    }
    assert find_front(named, named.get) == ["cheap", "equal", "costlier, more accurate"]


def test_what_has_no_figures_is_left_out() -> None:
    assert find_front(["a", "b"], {"b": Figures(1, 1)}.get) == ["b"]
    assert find_front([], Figures._make) == []


@given(st.lists(FIGURES, max_size=9))
def test_the_front_is_what_nothing_dominates_the_cheapest_first(all_of: list[Figures]) -> None:
    front = find_front(all_of, lambda one: one)
    undominated = [one for one in all_of if not any(other.dominates(one) for other in all_of)]
    assert sorted(front) == sorted(undominated)
    assert [one.cost for one in front] == sorted(one.cost for one in front)
