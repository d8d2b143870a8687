"""Fronts of published accuracies, with costs that are computed here by hand."""

import pytest

from bench.choice.budget import Budget
from bench.choice.costs import KnownCosts
from bench.choice.ranking import choose, pareto_front, rank
from bench.records.measurement import Measurement
from reports import video_costs
from reports.video_costs import (
    TRAIN_MEMORY,
    VIDEO_MACS,
    build_video_costs,
    price_accuracies,
)
from suites import load_published
from tests.bench.choice.known import FRAME_GMACS, MACS, accuracy, cost, frame_trials
from tests.records import measurement, point

LARGER = (256 / 224) ** 2


def records() -> list[Measurement]:
    """The MACs of every published accuracy, at the size of its test."""
    found = []
    for row in load_published():
        if row.protocol and (row.network, row.depth) in FRAME_GMACS and not row.options:
            macs = FRAME_GMACS[row.network, row.depth] * row.frames * (row.protocol.size / 224) ** 2
            where = point(
                network=row.network,
                depth=row.depth,
                frames=row.frames,
                input_size=row.protocol.size,
                num_classes=row.num_classes,
            )
            found.append(measurement(where, samples=(round(macs * 1e9),)))
    return found


@pytest.mark.parametrize(
    ("dataset", "front"),
    [
        (
            "something-something-v1",
            [
                ("blvnet_tam", 50, 16, 1, 46.4, 23.84),
                ("blvnet_tam", 101, 16, 1, 47.8, 32.14),
                ("blvnet_tam", 50, 32, 1, 48.4, 47.68),
                ("blvnet_tam", 101, 32, 1, 49.6, 64.29),
                ("blvnet_tam", 101, 48, 1, 52.2, 96.43),
                ("blvnet_tam", 101, 64, 1, 53.1, 128.58),
            ],
        ),
        (
            "something-something-v2",
            [
                ("blvnet_tam", 50, 16, 1, 59.1, 23.84),
                ("blvnet_tam", 101, 16, 1, 60.2, 32.14),
                ("blvnet_tam", 50, 32, 1, 61.7, 47.68),
                ("blvnet_tam", 101, 32, 1, 61.9, 64.29),
                ("blvnet_tam", 101, 48, 1, 64.0, 96.43),
                ("blvnet_tam", 101, 64, 1, 65.2, 128.58),
                ("tam", 101, 32, 6, 65.32, 7.827 * 32 * LARGER * 6),
            ],
        ),
        (
            "kinetics-400",
            [
                ("tsm", 50, 8, 1, 71.2, 32.70),
                ("tsm", 50, 16, 1, 72.6, 65.39),
                ("tsm", 50, 8, 10, 73.18, 326.96),
                ("tsm", 50, 16, 10, 75.12, 653.92),
                ("tsn", 101, 25, 10, 75.89, 1949.75),
                ("tam", 50, 32, 30, 76.18, 4.104 * 32 * LARGER * 30),
                ("tam", 101, 32, 30, 77.61, 7.827 * 32 * LARGER * 30),
                ("i3d_resnet", 101, 32, 30, 77.8, 15.664 * 32 * LARGER * 30),
            ],
        ),
        ("moments-in-time", [("tsn", 50, 6, 3, 26.84, 4.087 * 6 * LARGER * 3)]),
    ],
)
def test_the_front_of_a_data_set_charges_every_view(
    dataset: str, front: list[tuple[str, int, int, int, float, float]]
) -> None:
    found: list[tuple[object, ...]] = [
        (a.network, a.depth, a.frames, a.protocol.views, a.top1, priced.video_macs / 1e9)
        for priced in VIDEO_MACS.front(price_accuracies(records())[dataset])
        for a in [priced.accuracy]
        if a.protocol and priced.video_macs
    ]
    assert found == [(*row[:5], pytest.approx(row[5], rel=0.002)) for row in front]


def test_a_table_has_every_accuracy_and_what_is_not_known_last() -> None:
    tables = build_video_costs(price_accuracies(records()[:-1]))  # without the MACs of TSN on SSv1
    assert [table.caption for table in tables] == [
        f"accuracy on {name} and what it costs"
        for name in (
            "Something-Something v1",
            "Something-Something v2",
            "Kinetics-400",
            "Moments in Time",
        )
    ]
    first, last = tables[0].rows[0], tables[0].rows[-1]
    headings = tables[0].headings
    assert first[headings.index("views")].text == "1 view of 224 px, uniform"
    assert first[headings.index("Pareto front")].text == "MACs"
    assert last[0].text == "tsn"
    assert last[headings.index("MACs a video (G)")].text == ""


def test_memory_to_train_has_a_front_of_its_own() -> None:
    found = records()
    peaks = {8: 2**30, 16: 2**31}
    for row in load_published():
        if (row.network, row.depth, row.dataset) == ("tsm", 50, "kinetics-400") and row.protocol:
            step = point(
                network="tsm",
                frames=row.frames,
                input_size=row.protocol.size,
                num_classes=400,
                batch=8,
                mode="train",
            )
            bytes_ = round(peaks[row.frames] * (row.protocol.size / 224) ** 2)
            peak = {"quantity": "memory", "instrument": "simulated", "unit": "bytes"}
            found.append(measurement(step, **peak, samples=(bytes_,)))
    sets = price_accuracies(found)
    front = TRAIN_MEMORY.front(sets["kinetics-400"])
    assert [(one.accuracy.top1, one.train_bytes) for one in front] == [
        (73.18, 2**30),
        (74.1, round(2**30 * LARGER)),
        (75.12, 2**31),
    ]
    table = next(t for t in build_video_costs(sets) if "Kinetics-400" in t.caption)
    cells = [dict(zip(table.headings, [c.text for c in row], strict=True)) for row in table.rows]
    fronts = {row["top-1 %"]: row["Pareto front"] for row in cells}
    assert fronts["73.18"] == "MACs, memory"
    assert fronts["74.1"] == "memory"
    assert fronts["71.2"] == "MACs"
    memory = {row["top-1 %"]: row["memory to train at batch 8 (MiB)"] for row in cells}
    assert (memory["73.18"], memory["75.12"]) == ("1,024", "2,048")


def test_without_measured_macs_there_is_no_table() -> None:
    assert build_video_costs(price_accuracies([measurement(point(network="tsm", frames=3))])) == ()


TIES = {
    "equal in both": ([(1, 50), (1, 50), (2, 60)], {0, 1, 2}),
    "equal accuracies": ([(1, 50), (2, 50)], {0}),
    "equal costs": ([(1, 40), (1, 50)], {1}),
    "all of it": ([(2, 50), (1, 50), (1, 50), (1, 40), (3, 60), (3, 60), (4, 60)], {1, 2, 4, 5}),
}


@pytest.mark.parametrize("case", TIES)
def test_a_comparison_and_a_report_find_one_front(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pair is the GMACs of a video and the top-1, at 1, 2, ... frames."""
    figures, expected = TIES[case]
    base = point()
    dots = [
        (base.model_copy(update={"frames": n}), gmacs * 1e9, top1)
        for n, (gmacs, top1) in enumerate(figures, start=1)
    ]
    accuracies = [accuracy(where, top1, dataset="kinetics-400") for where, _, top1 in dots]
    costs = [cost(MACS, where, macs) for where, macs, _ in dots]
    front = [accuracies[n] for n in sorted(expected)]

    monkeypatch.setattr(video_costs, "known_accuracies", lambda *_: accuracies)
    reported = VIDEO_MACS.front(price_accuracies(costs)["kinetics-400"])
    budget = Budget(MACS, 1e15, "1P", per="video")
    trials = frame_trials(base, *range(1, len(dots) + 1))
    choice = choose(trials, [budget], KnownCosts(costs), accuracies)
    compared = pareto_front(rank([choice], [MACS]), MACS)
    for found in ([one.accuracy for one in reported], [one.accuracy for one in compared]):
        assert sorted(found, key=accuracies.index) == front
