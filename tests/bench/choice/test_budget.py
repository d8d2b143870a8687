from bench.choice.budget import Budget, find_fit, utilisation
from bench.choice.costs import KnownCosts
from tests.bench.choice.known import (
    LATENCY,
    MACS,
    MEMORY,
    PARAMS,
    cost,
    costs_by_frames,
    frame_trials,
)
from tests.records import point

BASE = point()  # 8 frames
LONGER = point(frames=9)
TEN_G = Budget(MACS, 10e9, "10G")


def test_the_limit_of_a_fit_is_the_next_larger_trial() -> None:
    known = KnownCosts(costs_by_frames(BASE, {1: 3e9, 3: 9e9, 4: 12e9}))
    fit = find_fit(frame_trials(BASE, 4, 1, 3), [TEN_G], known)
    assert (fit.point.frames, fit.fits) == (3, True)
    assert fit.limit == "macs: 4 frames need 12.00 G"
    largest = find_fit(frame_trials(BASE, 1, 3), [TEN_G], known)
    assert (largest.point.frames, largest.limit) == (3, "the end")


def test_a_cost_equal_to_the_limit_fits() -> None:
    known = KnownCosts(costs_by_frames(BASE, {8: 10_000_000_000, 9: 10_000_000_001}))
    fit = find_fit(frame_trials(BASE, 8, 9), [TEN_G], known)
    assert fit.point.frames == 8
    assert fit.limit == "macs: 9 frames need 10.000000001 G"


def test_if_nothing_fits_the_limit_is_the_need_of_the_smallest_that_runs() -> None:
    failed = cost(MACS, point(frames=1), status="failed", reason="too short")
    known = KnownCosts([failed, *costs_by_frames(BASE, {2: 20e9})])
    fit = find_fit(frame_trials(BASE, 1, 2), [TEN_G], known)
    assert (fit.fits, fit.point.frames) == (False, 2)
    assert fit.limit == "macs: 2 frames need 20.00 G"
    only = find_fit(frame_trials(BASE, 1), [TEN_G], KnownCosts([failed]))
    assert (only.fits, only.limit) == (False, "1 frame: failed, too short")


def test_every_exceeded_budget_is_named() -> None:
    known = KnownCosts(
        [
            *costs_by_frames(BASE, {8: 1e9, 9: 5e9}),
            *costs_by_frames(BASE, {8: 2**30, 9: 3 * 2**30}, MEMORY),
            *costs_by_frames(BASE, {8: 10, 9: 10}, PARAMS),
        ]
    )
    budgets = [Budget(MACS, 4e9, "4G"), Budget(MEMORY, 2**31, "2GiB"), Budget(PARAMS, 1e6, "1M")]
    fit = find_fit(frame_trials(BASE, 8, 9), budgets, known)
    assert fit.limit == "macs: 9 frames need 5.000 G; memory: 9 frames need 3.000 GiB"
    assert utilisation(budgets, known, BASE) == 0.5


def test_a_share_above_1_decides_even_if_another_cost_is_unknown() -> None:
    budgets = [Budget(MACS, 4e9, "4G"), Budget(LATENCY, 0.1, "100ms")]
    known = KnownCosts(costs_by_frames(BASE, {8: 8e9, 9: 2e9}))
    assert utilisation(budgets, known, BASE) == 2
    assert utilisation(budgets, known, LONGER) == float("inf")


def test_a_limit_within_the_interval_is_a_doubt() -> None:
    known = KnownCosts(
        [
            cost(LATENCY, BASE, 0.08, 0.09, 0.09, 0.1, 0.11, 0.12),
            cost(LATENCY, LONGER, *6 * [0.2]),
        ]
    )
    trials = frame_trials(BASE, 8, 9)
    fit = find_fit(trials, [Budget(LATENCY, 0.1, "100ms")], known)
    assert fit.fits
    assert fit.doubts == ("latency of 8 frames is 80.00 ms to 120.0 ms",)
    assert find_fit(trials, [Budget(LATENCY, 0.15, "150ms")], known).doubts == ()


def test_a_refused_network_does_not_fit() -> None:
    known = KnownCosts()
    known.refuse(MACS, BASE, "accepts 16 frames only")
    fit = find_fit(frame_trials(BASE, 8), [TEN_G], known)
    assert (fit.fits, fit.limit) == (False, "accepts 16 frames only")


def test_a_budget_as_json_has_its_unit_and_its_text() -> None:
    assert TEN_G.as_json() == {
        "instrument": MACS,
        "limit": 10e9,
        "unit": "MACs",
        "asked": "10G",
        "machine": "",
        "per": "clip",
    }
