import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.choice.accuracies import Accuracy, known_accuracies, on_dataset
from bench.choice.amounts import format_amount
from bench.choice.budget import Budget, Candidates, Trials, find_fit, utilisation
from bench.choice.comparison import latencies_of
from bench.choice.costs import KnownCosts
from bench.choice.ranking import Choice, choose, on_front, rank
from bench.errors import BenchError
from bench.machine.environment import current_environment
from suites import load_published
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
from tests.records import measurement, point


def test_what_limits_is_the_next_that_was_tried() -> None:
    base, budget = point(), Budget(MACS, 10e9, "10G")
    known = known_of(*over(base, {1: 3e9, 3: 9e9, 4: 12e9}))
    reached = find_fit(climb(base, 4, 1, 3), [budget], known)
    assert (reached.point.frames, reached.fits) == (3, True)
    assert reached.limit == "macs: 4 frames need 12.00 G"
    everything = find_fit(climb(base, 1, 3), [budget], known)
    assert (everything.point.frames, everything.limit) == (3, "the end")


def test_the_limit_itself_fits_and_one_more_is_told_from_it() -> None:
    base = point()
    known = known_of(*over(base, {8: 10_000_000_000, 9: 10_000_000_001}))
    reached = find_fit(climb(base, 8, 9), [Budget(MACS, 10e9, "10G")], known)
    assert reached.point.frames == 8
    assert reached.limit == "macs: 9 frames need 10.000000001 G"


def test_where_nothing_fits_it_says_what_the_least_needs() -> None:
    base = point()
    failed = cost(MACS, base.model_copy(update={"frames": 1}), status="failed", reason="too short")
    known = known_of(failed, *over(base, {2: 20e9}))
    reached = find_fit(climb(base, 1, 2), [Budget(MACS, 10e9, "10G")], known)
    assert (reached.fits, reached.point.frames) == (False, 2)
    assert reached.limit == "macs: 2 frames need 20.00 G"
    only = find_fit(climb(base, 1), [Budget(MACS, 10e9, "10G")], known_of(failed))
    assert (only.fits, only.limit) == (False, "1 frame: failed, too short")


def test_every_budget_that_breaks_is_named() -> None:
    base = point()
    more = base.model_copy(update={"frames": 9})
    known = known_of(
        *over(base, {8: 1e9, 9: 5e9}),
        cost(MEMORY, base, 2**30),
        cost(MEMORY, more, 3 * 2**30),
        cost(PARAMS, base.model_copy(update={"frames": 8}), 10),
        cost(PARAMS, more, 10),
    )
    budgets = [
        *(Budget(MACS, 4e9, "4G"), Budget(MEMORY, 2**31, "2GiB"), Budget(PARAMS, 1e6, "1M")),
    ]
    reached = find_fit(climb(base, 8, 9), budgets, known)
    assert reached.limit == "macs: 9 frames need 5.000 G; memory: 9 frames need 3.000 GiB"
    assert utilisation(budgets, known, base) == 0.5


def test_a_share_above_1_decides_whatever_else_is_not_known() -> None:
    base = point()
    budgets = [Budget(MACS, 4e9, "4G"), Budget(LATENCY, 0.1, "100ms")]
    known = known_of(*over(base, {8: 8e9, 9: 2e9}))
    assert utilisation(budgets, known, base) == 2
    assert utilisation(budgets, known, base.model_copy(update={"frames": 9})) == float("inf")


def test_a_limit_within_the_interval_is_not_sure() -> None:
    base = point()
    longer = base.model_copy(update={"frames": 9})
    known = known_of(
        cost(LATENCY, base, *(0.08, 0.09, 0.09, 0.1, 0.11, 0.12)),
        cost(LATENCY, longer, *6 * [0.2]),
    )
    reached = find_fit(climb(base, 8, 9), [Budget(LATENCY, 0.1, "100ms")], known)
    assert reached.fits
    assert reached.doubts == ("latency of 8 frames is 80.00 ms to 120.0 ms",)
    sure = find_fit(climb(base, 8, 9), [Budget(LATENCY, 0.15, "150ms")], known)
    assert sure.doubts == ()


def test_what_a_network_refuses_has_no_figure() -> None:
    base = point()
    known = KnownCosts()
    known.refuse(MACS, base, "takes no such clip")
    reached = find_fit(climb(base, 8), [Budget(MACS, 1e9, "1G")], known)
    assert (reached.fits, reached.limit) == (False, "takes no such clip")


def chosen(name: str, macs: dict[int, float], accuracies: list[Accuracy]) -> Choice:
    base = point(network=name)
    params = [cost(PARAMS, base.model_copy(update={"frames": n}), 10) for n in macs]
    known = known_of(*over(base, macs), *params)
    return choose(climb(base, *macs), [Budget(MACS, 10e9, "10G")], known, accuracies)


def test_accuracies_count_at_frames_that_were_measured_to_fit() -> None:
    at = {n: point(frames=n) for n in (4, 8, 16, 70)}
    known_top1 = [
        *(accuracy(at[n], top1) for n, top1 in ((4, 40), (8, 50), (16, 60), (70, 90))),
        accuracy(at[8], 80, input_size=256),
        accuracy(at[8], 80, options=(("temporal_pooling", "max"),)),
        accuracy(at[8], 80, network="tsm"),
    ]
    choice = chosen("tsn", {4: 5e9, 8: 10e9, 16: 20e9}, known_top1)
    assert [s.accuracy.top1 for s in choice.scored] == [50, 40]
    assert choice.scored[0].costs == {MACS: 10e9, PARAMS: 10}


def test_the_formulation_makes_no_difference_to_an_accuracy() -> None:
    row = next(r for r in load_published() if r.network == "blvnet_tam")
    (published,) = known_accuracies([row], [])
    base = point(network="blvnet_tam", depth=row.depth, frames=row.frames)
    assert published.is_of(base)
    assert published.is_of(
        base.model_copy(update={"options": (("formulation", "published"),), "frames": 2})
    )
    assert not published.is_of(base.model_copy(update={"options": (("window", 5),)}))


def test_what_was_measured_has_its_clips_and_interval() -> None:
    fields = {"quantity": "accuracy", "instrument": "evaluated", "unit": "percent"}
    seen = measurement(
        point(dataset="d"),
        **fields,
        samples=(100, 100, 100, 0),
        settings={"weights": "w.pth"},
    )
    (found,) = known_accuracies([], [seen])
    assert (found.kind, found.top1, found.clips) == ("measured", 75.0, 4)
    assert found.interval == pytest.approx((30.1, 95.4), abs=0.1)
    assert found.source == "accuracy:evaluated, w.pth"
    assert found.as_json()["interval"] == list(found.interval)
    with pytest.raises(BenchError, match="no accuracy is known on 'e': choose among d"):
        on_dataset([found], "e")


def test_the_best_accuracy_ranks_first_then_frames_and_what_does_not_fit_is_last() -> None:
    at = point(network="tam", frames=4)
    choices = [
        chosen("tsm", {1: 20e9}, []),
        chosen("tsn", {1: 1e9, 9: 2e9}, []),
        chosen("i3d_resnet", {1: 1e9, 12: 2e9}, []),
        chosen("tam", {4: 1e9}, [accuracy(at, 10)]),
    ]
    refused = choose(
        Trials(Candidates(point(), "frames", (), "never"), ()),
        [Budget(MACS, 1, "1")],
        KnownCosts(),
        [],
    )
    ranked = rank([refused, *choices], [MACS])
    names = [choice.base.network for choice in ranked]
    assert names == ["tam", "i3d_resnet", "tsn", "tsm", "tsn"]
    assert ranked[-1].as_json()["reason"] == "never"
    assert [choice.as_json()["status"] for choice in ranked[2:4]] == ["fits", "does_not_fit"]


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=8))
def test_the_front_is_that_of_brute_force(places: list[tuple[int, int]]) -> None:
    macs = {n: spent * 1e9 for n, (spent, _) in enumerate(places, start=1)}
    by_frames = {n: top1 for n, (_, top1) in enumerate(places, start=1)}
    (choice,) = rank(
        [chosen("tsn", macs, [accuracy(point(frames=n), t) for n, t in by_frames.items()])],
        [MACS, PARAMS],
    )
    for one in choice.scored:
        own = places[one.accuracy.frames - 1]
        beaten = any(c <= own[0] and t >= own[1] and (c, t) != own for c, t in places)
        assert (MACS in one.fronts) == (not beaten)
        assert (PARAMS in one.fronts) == (own[1] == max(t for _, t in places))
    front = on_front([choice], MACS)
    assert [s.costs[MACS] for s in front] == sorted(s.costs[MACS] for s in front)


def test_without_a_cost_there_is_no_place_on_its_front() -> None:
    base = point()
    known = known_of(*over(base, {8: 1e9}))
    one = choose(climb(base, 8), [Budget(MACS, 2e9, "2G")], known, [accuracy(base, 50)])
    (ranked,) = rank([one], [MACS, PARAMS])
    assert ranked.scored[0].fronts == (MACS,)


def test_a_machine_is_found_by_a_part_of_its_name() -> None:
    environments = [
        current_environment().model_copy(
            update={"accelerator": name, "accelerator_memory_bytes": 80 << 30}
        )
        for name in ("NVIDIA H100", "NVIDIA H200")
    ]
    fields = {"quantity": "latency", "instrument": "cuda", "unit": "seconds", "samples": (1.0,)}
    timed = [measurement(point(), **fields, environment=each) for each in environments]
    assert latencies_of([*timed, measurement(point())], "h200") == [timed[1]]
    assert latencies_of(timed, timed[0].machine) == [timed[0]]
    for name, how in (("h", "several machines"), ("V100", "no machine")):
        with pytest.raises(BenchError, match=f"{how}: choose one of NVIDIA H100, 80 GiB; NVIDIA"):
            latencies_of(timed, name)
    with pytest.raises(BenchError, match="no latency of another machine is recorded"):
        latencies_of([], "h")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        *((33e9, "MACs", "33.00 G"), (999, "MACs", "999.0"), (23_863_246, "parameters", "23.86 M")),
        *(
            (2**34, "bytes", "16.00 GiB"),
            (0.05, "seconds", "50.00 ms"),
            (2.0, "seconds", "2.000 s"),
        ),
        *((4e-5, "seconds", "40.00 us"), (1234e12, "MACs", "1,234 T"), (0, "MACs", "0.000")),
    ],
)
def test_costs_are_written_as_people_write_them(value: float, unit: str, text: str) -> None:
    assert format_amount(value, unit) == text
