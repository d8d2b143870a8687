from hypothesis import given
from hypothesis import strategies as st

from bench.choice.accuracies import Accuracy
from bench.choice.budget import Budget, Candidates, Trials
from bench.choice.costs import KnownCosts
from bench.choice.ranking import Choice, choose, cost_labels, pareto_front, rank
from bench.records.point import Point
from suites import Protocol
from tests.bench.choice.known import (
    LATENCY,
    MACS,
    MEMORY,
    PARAMS,
    accuracy,
    cost,
    costs_by_frames,
    frame_trials,
)
from tests.records import point

TEN_G = Budget(MACS, 10e9, "10G")


def at(base: Point, frames: int) -> Point:
    return base.model_copy(update={"frames": frames})


def make_choice(base: Point, macs: dict[int, float], *accuracies: Accuracy) -> Choice:
    """The choice of one network at 10 GMACs; it has as many parameters as frames."""
    params = costs_by_frames(base, {n: float(n) for n in macs}, PARAMS)
    return choose(
        frame_trials(base, *macs),
        [TEN_G],
        KnownCosts([*costs_by_frames(base, macs), *params]),
        accuracies,
    )


def test_an_accuracy_at_the_limit_fits() -> None:
    base = point()
    accuracies = [accuracy(at(base, n), n) for n in (8, 9)]
    choice = make_choice(base, {8: 10e9, 9: 10.1e9}, *accuracies)
    assert [t.point.frames for t in choice.trade_offs] == [8]
    assert choice.fits
    assert choice.best is choice.trade_offs[0]


def test_an_accuracy_has_the_costs_of_its_own_frames() -> None:
    base = point()
    accuracies = [accuracy(at(base, n), 50) for n in (4, 65)]
    known = KnownCosts(
        [
            *costs_by_frames(base, {4: 1e9, 8: 2e9, 65: 1e9}),
            *costs_by_frames(base, {4: 25e6, 8: 25e6}, PARAMS),
            *costs_by_frames(base, {4: 2.0**30}, MEMORY),
        ]
    )
    choice = choose(frame_trials(base, 4, 8), [TEN_G], known, accuracies)
    (trade_off,) = choice.trade_offs
    assert trade_off.point == at(base, 4)
    assert trade_off.costs == {MACS: 1e9, PARAMS: 25e6}  # memory has no budget
    assert choice.costs == {MACS: 2e9, PARAMS: 25e6}
    assert choice.limit == "the end"


def test_an_accuracy_counts_for_its_own_network_at_frames_that_fit() -> None:
    base = point()
    accuracies = [
        *(accuracy(at(base, n), top1) for n, top1 in ((4, 40), (8, 50), (16, 60), (70, 90))),
        accuracy(base, 80, protocol=Protocol(1, 1, 256)),
        accuracy(base, 80, protocol=Protocol(1, 3, 224)),
        accuracy(base, 80, protocol=None),
        accuracy(base, 80, options=(("temporal_pooling", "max"),)),
        accuracy(base, 80, network="tsm"),
    ]
    choice = make_choice(base, {4: 5e9, 8: 10e9, 16: 20e9}, *accuracies)
    assert [t.accuracy.top1 for t in choice.trade_offs] == [50, 40]


def test_accuracies_are_sorted_by_top1_then_fewer_frames_then_the_source() -> None:
    base = point()
    accuracies = [
        accuracy(at(base, 4), 50, source="b"),
        accuracy(at(base, 4), 50, source="a"),
        accuracy(at(base, 2), 50, source="c"),
        accuracy(at(base, 8), 60, source="d"),
    ]
    choice = make_choice(base, {2: 1e9, 4: 2e9, 8: 3e9}, *accuracies)
    assert [t.accuracy.source for t in choice.trade_offs] == ["d", "c", "a", "b"]


def test_a_network_without_trials_is_refused() -> None:
    base = point()
    choice = choose(
        Trials(Candidates(base, "frames", (), "too short"), ()), [TEN_G], KnownCosts(), []
    )
    assert (choice.fits, choice.best, choice.limit) == (False, None, "")
    assert choice.as_json() == {
        "network": "tsn",
        "depth": 50,
        "options": {},
        "input_size": 224,
        "status": "refused",
        "reason": "too short",
    }


def test_a_network_without_a_figure_is_refused_with_the_reason() -> None:
    base = point()
    known = KnownCosts([cost(MACS, at(base, 8), status="timeout", reason="too slow")])
    known.refuse(MACS, at(base, 4), "too short")
    for frames, reason in ((8, "8 frames: timeout, too slow"), (4, "too short")):
        choice = choose(frame_trials(base, frames), [TEN_G], known, [])
        assert (choice.fit, choice.refused) == (None, reason)
    known.measurements.add(cost(PARAMS, at(base, 8), 2))
    priced = choose(frame_trials(base, 8), [TEN_G, Budget(PARAMS, 1, "1")], known, [])
    assert priced.as_json()["status"] == "does_not_fit"
    at_test = accuracy(at(base, 8), 50, protocol=Protocol(1, 1, 256))
    tested = KnownCosts([cost(MACS, at_test.point(base), 1e9)])
    budget = Budget(MACS, 10e9, "10G", per="video")
    assert choose(frame_trials(base, 8), [budget], tested, [at_test]).best is not None


def test_the_batch_is_chosen_at_the_frames_that_fit_and_keeps_their_doubts() -> None:
    base = point()
    budgets = [Budget(LATENCY, 0.1, "100ms")]
    unsure = (0.08, 0.09, 0.09, 0.1, 0.11, 0.12)
    eight, nine = at(base, 8), at(base, 9)
    two, three = (eight.model_copy(update={"batch": n}) for n in (2, 3))
    known = KnownCosts(
        [
            cost(LATENCY, eight, *unsure),
            cost(LATENCY, nine, 0.2),
            cost(LATENCY, two, 0.1),
            cost(LATENCY, three, 0.3),
        ]
    )
    batches = Trials(Candidates(eight, "batch", range(1, 9), "all"), (2, 3))
    choice = choose(frame_trials(base, 8, 9), budgets, known, [], batches)
    assert choice.fit is not None
    assert choice.fit.point == two
    assert choice.limit == "latency: 9 frames need 200.0 ms; latency: 3 clips need 300.0 ms"
    assert choice.fit.doubts == ("latency of 8 frames is 80.00 ms to 120.0 ms",)
    assert choice.costs == {LATENCY: 0.1}


def test_no_batch_is_chosen_if_no_frames_fit() -> None:
    base = point()
    known = KnownCosts(costs_by_frames(base, {8: 20e9}))
    batches = Trials(Candidates(base, "batch", range(1, 9), "all"), (1,))
    choice = choose(frame_trials(base, 8), [TEN_G], known, [], batches)
    assert choice.limit == "macs: 8 frames need 20.00 G"
    assert choice.as_json()["status"] == "does_not_fit"


def test_a_choice_as_json_has_costs_with_units_and_accuracies() -> None:
    base = point()
    (choice,) = rank([make_choice(base, {8: 1e9}, accuracy(base, 50))], [MACS])
    data = choice.as_json()
    assert (data["status"], data["frames"], data["batch"]) == ("fits", 8, 1)
    assert (data["limited_by"], data["doubts"]) == ("the end", [])
    assert data["costs"] == {
        MACS: {"value": 1e9, "unit": "MACs"},
        PARAMS: {"value": 8, "unit": "parameters"},
    }
    (found,) = data["accuracies"]
    assert (found["top1"], found["pareto"], found["costs"]) == (50, [MACS], data["costs"])


def names(*choices: Choice) -> list[tuple[str, int | None]]:
    return [(c.base.network, c.base.depth) for c in rank(choices, [MACS])]


def test_without_accuracies_more_frames_rank_first_then_more_layers_then_the_name() -> None:
    assert names(
        make_choice(point(network="tsn", depth=101), {4: 1e9}),
        make_choice(point(network="tsm", depth=50), {4: 1e9}),
        make_choice(point(network="tam", depth=50), {4: 1e9}),
        make_choice(point(network="tsn", depth=18), {8: 1e9}),
    ) == [("tsn", 18), ("tsn", 101), ("tam", 50), ("tsm", 50)]


def test_of_equal_accuracies_the_cheapest_ranks_first() -> None:
    costly, cheap = point(network="tam"), point(network="tsn")
    frames = {8: 2e9, 16: 3e9}
    assert names(
        make_choice(costly, frames, accuracy(costly, 50)),
        make_choice(cheap, {8: 1e9}, accuracy(cheap, 50)),
    ) == [("tsn", 50), ("tam", 50)]


def test_an_accuracy_of_0_ranks_before_none() -> None:
    poor = point(network="tsn", frames=2)
    assert names(
        make_choice(point(network="tam"), {64: 1e9}),
        make_choice(poor, {2: 1e9}, accuracy(poor, 0)),
    ) == [("tsn", 50), ("tam", 50)]


def test_networks_that_do_not_fit_rank_behind_those_that_do_and_refused_ones_last() -> None:
    refused = choose(
        Trials(Candidates(point(), "frames", (), "never"), ()), [TEN_G], KnownCosts(), []
    )
    assert names(
        refused,
        make_choice(point(network="tam", depth=152), {64: 20e9}),
        make_choice(point(network="tsm", depth=18), {1: 1e9}),
    ) == [("tsm", 18), ("tam", 152), ("tsn", 50)]


def test_the_front_is_over_all_networks_and_includes_equals() -> None:
    ours, theirs = point(network="tam"), point(network="tsm")
    choices = rank(
        [
            make_choice(
                ours, {4: 2e9, 8: 4e9}, accuracy(at(ours, 4), 50), accuracy(at(ours, 8), 60)
            ),
            make_choice(
                theirs,
                {4: 2e9, 8: 5e9},
                *(accuracy(at(theirs, 4), top1) for top1 in (50, 40)),
                accuracy(theirs, 60),
            ),
        ],
        [MACS, PARAMS],
    )
    front = [(t.point.network, t.point.frames) for t in pareto_front(choices, MACS)]
    assert front == [("tam", 4), ("tsm", 4), ("tam", 8)]
    by_params = [(t.point.network, t.point.frames) for t in pareto_front(choices, PARAMS)]
    assert by_params == [("tam", 4), ("tsm", 4), ("tam", 8), ("tsm", 8)]


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=8))
def test_the_front_is_that_of_brute_force(figures: list[tuple[int, int]]) -> None:
    """Each pair is the GMACs and the top-1 at 1, 2, ... frames."""
    base = point()
    macs = {n: gmacs * 1e9 for n, (gmacs, _) in enumerate(figures, start=1)}
    accuracies = [accuracy(at(base, n), top1) for n, (_, top1) in enumerate(figures, start=1)]
    (choice,) = rank([make_choice(base, macs, *accuracies)], [MACS])
    for trade_off in choice.trade_offs:
        own = figures[trade_off.point.frames - 1]
        is_dominated = any(m <= own[0] and t >= own[1] and (m, t) != own for m, t in figures)
        assert (MACS in trade_off.fronts) == (not is_dominated)
    costs = [trade_off.costs[MACS] for trade_off in pareto_front([choice], MACS)]
    assert costs == sorted(costs)


def test_an_accuracy_without_a_cost_is_not_on_its_front() -> None:
    base = point()
    known = KnownCosts(costs_by_frames(base, {8: 1e9}))
    choice = choose(frame_trials(base, 8), [TEN_G], known, [accuracy(base, 50)])
    (ranked,) = rank([choice], [MACS, PARAMS])
    assert ranked.trade_offs[0].fronts == (MACS,)


def test_a_comparison_has_macs_parameters_and_budgeted_costs_once_each() -> None:
    budgets = [Budget(MEMORY, 1, "1"), Budget(MACS, 1, "1")]
    assert cost_labels(budgets) == (MACS, PARAMS, MEMORY)
    assert cost_labels([]) == (MACS, PARAMS)


def test_per_video_every_view_costs_macs_but_not_memory() -> None:
    """Six views cost more MACs than one, and train the same network in the same memory."""
    base = point()
    known = KnownCosts([*costs_by_frames(base, {8: 1e9}), *costs_by_frames(base, {8: 4.0}, MEMORY)])
    one, six = accuracy(base, 50), accuracy(base, 60, protocol=Protocol(2, 3, 224))
    budgets = [Budget(MACS, 10e9, "10G", per="video"), Budget(MEMORY, 8.0, "8")]
    choice = choose(frame_trials(base, 8), budgets, known, [one, six])
    ranked = rank([choice], cost_labels(budgets))
    fronts = {
        label: [(t.accuracy.top1, t.charged[label]) for t in pareto_front(ranked, label)]
        for label in (MACS, MEMORY)
    }
    assert fronts == {MACS: [(50, 1e9), (60, 6e9)], MEMORY: [(60, 4.0)]}
