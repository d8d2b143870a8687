"""The fronts at 10 to 3,000 GMACs a video, of every network whose costs are known.

The expected fronts were found by hand in `suites/networks.csv` and `suites/published_results.csv`:
a video costs the printed GFLOPs of a view times its views.
"""

from itertools import groupby

import pytest

from bench.choice.accuracies import Accuracy, known_accuracies, select_dataset, select_pretraining
from bench.choice.budget import Budget
from bench.choice.costs import KnownCosts
from bench.choice.ranking import choose, pareto_front, rank
from suites import load_networks, load_published
from tests.bench.choice.known import FRAME_GMACS, MACS, cost, frame_trials
from tests.records import point

# GFLOPs of one view by network, options and frames, counted here: of rows that print none, or one
# digit.
COUNTED: dict[tuple[object, ...], float] = {
    ("videomae", (), 16): 180.3,
    ("hiera", (), 16): 101.7,
    ("hiera", (("variant", "base_plus"),), 16): 132.3,
    ("uniformerv2", (), 8): 148.1,
    ("uniformerv2", (("design", "motion"),), 16): 187.2,
    ("uniformerv2", (("design", "motion"), ("variant", "large")), 16): 858.2,
}
SAME_DATA = ("none", "in1k")  # no pretraining beyond ImageNet-1k

Found = tuple[str, int | None, int, float, float]  # network, depth, frames, top-1, G a video

KINETICS: list[Found] = [
    ("tsm", None, 8, 68.71, 9.8),  # over MobileNetV2
    ("x3d", None, 4, 69.12, 27.3),
    ("tsm", 50, 8, 71.2, 32.7),
    ("tsm", 50, 16, 72.6, 65.4),
    ("uniformer", None, 8, 78.4, 70),  # small
    ("uniformer", None, 8, 79.8, 161),  # base
    ("uniformer", None, 16, 80.8, 167),  # small
    ("mvit_v2_s", None, 16, 81.1, 320),
    ("uniformer", None, 16, 82.0, 387),  # base
    ("uniformer", None, 32, 82.9, 1036),  # base
    ("hiera", None, 16, 84.0, 1525.5),  # base
    ("uniformerv2", None, 8, 85.8, 1777.2),  # base
]
SOMETHING: list[Found] = [
    ("blvnet_tam", 50, 16, 59.1, 23.8),
    ("blvnet_tam", 101, 16, 60.2, 32.1),
    ("blvnet_tam", 50, 32, 61.7, 47.7),
    ("blvnet_tam", 101, 32, 61.9, 64.3),
    ("blvnet_tam", 101, 48, 64.0, 96.4),
    ("uniformer", None, 16, 67.7, 125),  # small
    ("mvit_v2_s", None, 16, 68.1, 192),
    ("uniformer", None, 16, 70.4, 290),  # base
    ("uniformer", None, 32, 71.1, 777),  # base
    ("uniformerv2", None, 16, 72.1, 2574.6),  # large
]
IN1K_ALONE = [*SOMETHING[:5], ("blvnet_tam", 101, 64, 65.2, 128.6)]


def find_printed() -> dict[tuple[object, ...], float]:
    """GFLOPs of one view by network, depth, options, frames and pixels."""
    found: dict[tuple[object, ...], float] = {}
    for row, one in ((one.row, one) for one in load_networks()):
        if row and row.protocol:
            clip = (row.network, row.depth, row.options, row.frames, row.protocol.size)
            video = one.printed_video_macs
            counted = COUNTED.get((row.network, row.options, row.frames))
            printed = counted or (video or 0) / 1e9 / row.protocol.views
            if printed:
                found.setdefault(clip, printed)
    return found


PRINTED = find_printed()


def find_macs(one: Accuracy) -> float:
    """The GMACs of one view: as printed, or by its frames; 0 if they are not known."""
    if one.protocol is None:
        return 0
    clip = (one.network, one.depth, one.options, one.frames, one.protocol.size)
    frame = 0 if one.options else FRAME_GMACS.get((one.network, one.depth), 0)
    return PRINTED.get(clip, frame * one.frames * (one.protocol.size / 224) ** 2)


def find_front(dataset: str, limit: float, pretraining: tuple[str, ...]) -> list[Found]:
    """The front of MACs a video within `limit` G."""
    budgets = [Budget(MACS, limit * 1e9, f"{limit}G", per="video")]
    known = select_dataset(known_accuracies(load_published(), []), dataset)
    accuracies = sorted(
        select_pretraining(known, pretraining),
        key=lambda a: (a.network, a.depth or 0, a.options),
    )
    choices = []
    for key, rows in groupby(accuracies, key=lambda a: (a.network, a.depth, a.options)):
        own = list(rows)
        base = point(network=key[0], depth=key[1], options=key[2])
        costs = KnownCosts()
        for one in own:
            macs = find_macs(one)
            if macs:
                costs.measurements.add(cost(MACS, one.point(base), round(macs * 1e9)))
        trials = frame_trials(base, *sorted({one.frames for one in own}))
        choices.append(choose(trials, budgets, costs, own))
    return [
        (a.network, a.depth, a.frames, a.top1, one.charged[MACS] / 1e9)
        for one in pareto_front(rank(choices, [MACS]), MACS)
        for a in [one.accuracy]
    ]


def near(front: list[Found]) -> list[tuple[object, ...]]:
    return [(*row[:4], pytest.approx(row[4], rel=0.005)) for row in front]


@pytest.mark.parametrize(("limit", "steps"), [(10, 1), (30, 2), (100, 5), (500, 9), (3000, 12)])
def test_the_front_on_kinetics(limit: float, steps: int) -> None:
    assert find_front("kinetics-400", limit, ()) == near(KINETICS[:steps])


@pytest.mark.parametrize(("limit", "steps"), [(10, 1), (30, 2), (100, 5), (500, 9), (3000, 10)])
def test_without_extra_pretraining_the_front_on_kinetics_ends_at_uniformer(
    limit: float, steps: int
) -> None:
    assert find_front("kinetics-400", limit, SAME_DATA) == near(KINETICS[:steps])


@pytest.mark.parametrize(("limit", "steps"), [(10, 0), (30, 1), (100, 5), (500, 8), (3000, 10)])
def test_the_front_on_something_something(limit: float, steps: int) -> None:
    assert find_front("something-something-v2", limit, ()) == near(SOMETHING[:steps])


@pytest.mark.parametrize(("limit", "steps"), [(10, 0), (30, 1), (100, 5), (500, 6), (3000, 6)])
def test_without_extra_pretraining_the_front_on_something_something_is_of_blvnet_tam(
    limit: float, steps: int
) -> None:
    front = find_front("something-something-v2", limit, ("in1k",))
    assert front == near(IN1K_ALONE[:steps])


def test_a_front_of_one_pretraining_has_no_other() -> None:
    front = find_front("kinetics-400", 3000, ("ig65m",))
    assert [row[:4] for row in front] == [("csn", 50, 32, 79.44), ("csn", 152, 32, 82.87)]
