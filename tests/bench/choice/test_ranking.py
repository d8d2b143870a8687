from bench.choice.accuracies import Accuracy
from bench.choice.budget import Budget, Candidates, Trials
from bench.choice.costs import KnownCosts
from bench.choice.ranking import Choice, choose, on_front, rank, shown_labels
from bench.records.point import Point
from tests.bench.choice.costs import (
    LATENCY,
    MACS,
    MEMORY,
    PARAMS,
    accuracy,
    climb,
    cost,
    known_of,
    over,
)
from tests.records import point

TEN_G = Budget(MACS, 10e9, "10G")


def at(base: Point, frames: int) -> Point:
    return base.model_copy(update={"frames": frames})


def chosen(base: Point, macs: dict[int, float], *accuracies: Accuracy) -> Choice:
    """The choice of one network at 10 GMACs, which has as many parameters as frames."""
    params = over(base, {n: float(n) for n in macs}, PARAMS)
    return choose(climb(base, *macs), [TEN_G], known_of(*over(base, macs), *params), accuracies)


def test_an_accuracy_counts_up_to_the_limit_itself() -> None:
    base = point()
    accuracies = [accuracy(at(base, n), n) for n in (8, 9)]
    choice = chosen(base, {8: 10e9, 9: 10.1e9}, *accuracies)
    assert [s.point.frames for s in choice.scored] == [8]
    assert choice.fits
    assert choice.best is choice.scored[0]


def test_an_accuracy_counts_where_frames_were_tried_and_its_costs_are_those_of_its_point() -> None:
    base = point()
    accuracies = [accuracy(at(base, n), 50) for n in (4, 65)]
    known = known_of(
        *over(base, {4: 1e9, 8: 2e9, 65: 1e9}),
        *over(base, {4: 25e6, 8: 25e6}, PARAMS),
        *over(base, {4: 2.0**30}, MEMORY),
    )
    choice = choose(climb(base, 4, 8), [TEN_G], known, accuracies)
    (scored,) = choice.scored
    assert scored.point == at(base, 4)
    assert scored.costs == {MACS: 1e9, PARAMS: 25e6}  # of memory there is not a budget
    assert choice.costs == {MACS: 2e9, PARAMS: 25e6}
    assert choice.limit == "the end"


def test_the_best_accuracy_is_first_then_fewer_frames_then_the_sources_name() -> None:
    base = point()
    accuracies = [
        accuracy(at(base, 4), 50, source="b"),
        accuracy(at(base, 4), 50, source="a"),
        accuracy(at(base, 2), 50, source="c"),
        accuracy(at(base, 8), 60, source="d"),
    ]
    choice = chosen(base, {2: 1e9, 4: 2e9, 8: 3e9}, *accuracies)
    assert [s.accuracy.source for s in choice.scored] == ["d", "c", "a", "b"]


def test_without_a_frame_that_was_tried_a_network_is_refused() -> None:
    base = point()
    choice = choose(
        Trials(Candidates(base, "frames", (), "too short"), ()), [TEN_G], KnownCosts(), []
    )
    assert (choice.fits, choice.best, choice.limit) == (False, None, "")
    assert choice.as_json() == {
        "network": "tsn",
        "depth": 50,
        "options": {},
        "status": "refused",
        "reason": "too short",
    }


def test_the_largest_batch_is_of_the_frames_that_fit_and_keeps_their_doubts() -> None:
    base = point()
    budgets = [Budget(LATENCY, 0.1, "100ms")]
    unsure = (0.08, 0.09, 0.09, 0.1, 0.11, 0.12)
    eight, nine = at(base, 8), at(base, 9)
    two, three = (eight.model_copy(update={"batch": n}) for n in (2, 3))
    known = known_of(
        cost(LATENCY, eight, *unsure),
        cost(LATENCY, nine, 0.2),
        cost(LATENCY, two, 0.1),
        cost(LATENCY, three, 0.3),
    )
    batches = Trials(Candidates(eight, "batch", range(1, 9), "all"), (2, 3))
    choice = choose(climb(base, 8, 9), budgets, known, [], batches)
    assert choice.fit is not None
    assert choice.fit.point == two
    assert choice.limit == "latency: 9 frames need 200.0 ms; latency: 3 clips need 300.0 ms"
    assert choice.fit.doubts == ("latency of 8 frames is 80.00 ms to 120.0 ms",)
    assert choice.costs == {LATENCY: 0.1}


def test_of_frames_that_do_not_fit_no_batch_is_chosen() -> None:
    base = point()
    known = known_of(*over(base, {8: 20e9}))
    batches = Trials(Candidates(base, "batch", range(1, 9), "all"), (1,))
    choice = choose(climb(base, 8), [TEN_G], known, [], batches)
    assert choice.limit == "macs: 8 frames need 20.00 G"
    assert choice.as_json()["status"] == "does_not_fit"


def test_a_choice_as_json_has_its_costs_with_units_and_its_accuracies() -> None:
    base = point()
    (choice,) = rank([chosen(base, {8: 1e9}, accuracy(base, 50))], [MACS])
    data = choice.as_json()
    assert (data["status"], data["frames"], data["batch"]) == ("fits", 8, 1)
    assert (data["limited_by"], data["doubts"]) == ("the end", [])
    assert data["costs"] == {
        MACS: {"value": 1e9, "unit": "MACs"},
        PARAMS: {"value": 8, "unit": "parameters"},
    }
    (scored,) = data["accuracies"]
    assert (scored["top1"], scored["pareto"], scored["costs"]) == (50, [MACS], data["costs"])


def names(*choices: Choice) -> list[tuple[str, int | None]]:
    return [(c.base.network, c.base.depth) for c in rank(choices, [MACS])]


def test_without_accuracies_more_frames_rank_first_then_more_layers_then_the_name() -> None:
    assert names(
        chosen(point(network="tsn", depth=101), {4: 1e9}),
        chosen(point(network="tsm", depth=50), {4: 1e9}),
        chosen(point(network="tam", depth=50), {4: 1e9}),
        chosen(point(network="tsn", depth=18), {8: 1e9}),
    ) == [("tsn", 18), ("tsn", 101), ("tam", 50), ("tsm", 50)]


def test_an_accuracy_of_0_ranks_before_none() -> None:
    poor = point(network="tsn", frames=2)
    assert names(
        chosen(point(network="tam"), {64: 1e9}),
        chosen(poor, {2: 1e9}, accuracy(poor, 0)),
    ) == [("tsn", 50), ("tam", 50)]


def test_what_does_not_fit_ranks_behind_what_does_and_what_was_refused_last() -> None:
    refused = choose(
        Trials(Candidates(point(), "frames", (), "never"), ()), [TEN_G], KnownCosts(), []
    )
    assert names(
        refused,
        chosen(point(network="tam", depth=152), {64: 20e9}),
        chosen(point(network="tsm", depth=18), {1: 1e9}),
    ) == [("tsm", 18), ("tam", 152), ("tsn", 50)]


def test_the_front_is_over_all_networks_and_equals_share_it() -> None:
    ours, theirs = point(network="tam"), point(network="tsm")
    choices = rank(
        [
            chosen(ours, {4: 2e9, 8: 4e9}, accuracy(at(ours, 4), 50), accuracy(at(ours, 8), 60)),
            chosen(
                theirs,
                {4: 2e9, 8: 5e9},
                *(accuracy(at(theirs, 4), top1) for top1 in (50, 40)),
                accuracy(theirs, 60),
            ),
        ],
        [MACS, PARAMS],
    )
    front = [(s.point.network, s.point.frames) for s in on_front(choices, MACS)]
    assert front == [("tam", 4), ("tsm", 4), ("tam", 8)]
    by_params = [(s.point.network, s.point.frames) for s in on_front(choices, PARAMS)]
    assert by_params == [("tam", 4), ("tsm", 4), ("tam", 8), ("tsm", 8)]


def test_macs_and_parameters_are_always_shown_and_nothing_twice() -> None:
    budgets = [Budget(MEMORY, 1, "1"), Budget(MACS, 1, "1")]
    assert shown_labels(budgets) == (MACS, PARAMS, MEMORY)
    assert shown_labels([]) == (MACS, PARAMS)
