"""The published accuracies within 33 and 100 GMACs, of a clip and of a video.

The expected fronts were found by hand in `suites/published_results.csv`. A clip costs the frame
below, times its frames, times (size / 224)^2; a video costs that times its views.
"""

from itertools import groupby

import pytest

from bench.choice.accuracies import Accuracy, known_accuracies
from bench.choice.budget import Budget, Per
from bench.choice.costs import KnownCosts
from bench.choice.ranking import choose, pareto_front, rank
from bench.records.point import Point
from suites import load_published
from tests.bench.choice.known import FRAME_GMACS, MACS, cost, frame_trials
from tests.records import point

SIZES = (224, 256)

Found = tuple[object, ...]  # network, depth, frames, protocol, top-1, G

V1 = [
    ("blvnet_tam", 50, 16, "1 view of 224 px, uniform", 46.4, 23.84),
    ("blvnet_tam", 101, 16, "1 view of 224 px, uniform", 47.8, 32.14),
    ("blvnet_tam", 50, 32, "1 view of 224 px, uniform", 48.4, 47.68),
    ("blvnet_tam", 101, 32, "1 view of 224 px, uniform", 49.6, 64.29),
    ("blvnet_tam", 101, 48, "1 view of 224 px, uniform", 52.2, 96.43),
]
V2 = [
    ("blvnet_tam", 50, 16, "1 view of 224 px, uniform", 59.1, 23.84),
    ("blvnet_tam", 101, 16, "1 view of 224 px, uniform", 60.2, 32.14),
    ("blvnet_tam", 50, 32, "1 view of 224 px, uniform", 61.7, 47.68),
    ("blvnet_tam", 101, 32, "1 view of 224 px, uniform", 61.9, 64.29),
    ("blvnet_tam", 101, 48, "1 view of 224 px, uniform", 64.0, 96.43),
]
KINETICS = [
    ("tsm", 50, 8, "1 view of 224 px, uniform", 71.2, 32.70),
    ("tsm", 50, 16, "1 view of 224 px, uniform", 72.6, 65.39),
]


def costs(base: Point, own: list[Accuracy], frame: float) -> KnownCosts:
    """The MACs of a network at the frames of its accuracies and the sizes of tests."""
    return KnownCosts(
        cost(
            MACS,
            base.model_copy(update={"frames": one.frames, "input_size": size}),
            round(frame * 1e9 * one.frames * (size / 224) ** 2),
        )
        for one in own
        for size in SIZES
    )


def find_front(dataset: str, limit: float, per: Per) -> list[Found]:
    """The Pareto front of MACs within `limit` G."""
    budgets = [Budget(MACS, limit * 1e9, f"{limit}G", per=per)]
    accuracies = [
        one
        for one in known_accuracies(load_published(), [])
        if one.dataset == dataset and (one.network, one.depth) in FRAME_GMACS and not one.options
    ]
    accuracies.sort(key=lambda one: (one.network, one.depth or 0))
    choices = []
    for (network, depth), rows in groupby(accuracies, key=lambda one: (one.network, one.depth)):
        base, own = point(network=network, depth=depth), list(rows)
        known = costs(base, own, FRAME_GMACS[network, depth])
        trials = frame_trials(base, *sorted({one.frames for one in own}))
        choices.append(choose(trials, budgets, known, own))
    return [
        (a.network, a.depth, a.frames, str(a.protocol), a.top1, one.charged[MACS] / 1e9)
        for one in pareto_front(rank(choices, [MACS]), MACS)
        for a in [one.accuracy]
    ]


@pytest.mark.parametrize("per", ["clip", "video"])
@pytest.mark.parametrize(
    ("dataset", "limit", "front"),
    [
        ("something-something-v1", 33, V1[:2]),
        ("something-something-v1", 100, V1),
        ("something-something-v2", 33, V2[:2]),
        ("something-something-v2", 100, V2),
        ("kinetics-400", 33, KINETICS[:1]),
        ("kinetics-400", 100, KINETICS),
    ],
)
def test_the_front_within_a_budget(
    dataset: str, limit: float, front: list[Found], per: Per
) -> None:
    """Up to 100 G a video, no accuracy by several views beats those by one."""
    assert find_front(dataset, limit, per) == [
        (*row[:5], pytest.approx(row[5], rel=0.002)) for row in front
    ]


def test_an_accuracy_by_several_views_is_charged_all_of_them() -> None:
    *_, best = find_front("something-something-v2", 2100, "video")
    macs = 7.827 * 32 * (256 / 224) ** 2 * 6
    assert best == ("tam", 101, 32, "2 x 3 views of 256 px, uniform", 65.32, pytest.approx(macs))
    *_, best = find_front("something-something-v2", 2100, "clip")
    assert best[:5] == ("blvnet_tam", 101, 64, "1 view of 224 px, uniform", 65.2)
