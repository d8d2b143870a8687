import random
from itertools import pairwise

import pytest

from reports.page import build_page
from reports.plots import MOST_LINES, spread
from suites import load_claims
from tests.records import measurement, point


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ([], []),
        ([5], [5]),
        ([0, 10, 30], [0, 10, 30]),  # there is room
        ([0, 0], [-5, 5]),
        ([0, 2, 4], [-8, 2, 12]),
        ([0, 8, 100, 100], [-1, 9, 95, 105]),
        ([0, 12, 13], [-5 / 3, 25 / 3, 55 / 3]),  # two push the first
    ],
)
def test_labels_stand_as_near_as_they_can(wanted: list[float], places: list[float]) -> None:
    assert spread(wanted, [10] * len(wanted)) == pytest.approx(places)


def test_no_label_stands_upon_another() -> None:
    chance = random.Random(0)
    for _ in range(100):
        wanted = sorted(chance.uniform(0, 100) for _ in range(chance.randint(2, 12)))
        heights = [chance.choice([11, 22]) for _ in wanted]
        places = spread(wanted, heights)
        bounds = [
            (place - height / 2, place + height / 2)
            for place, height in zip(places, heights, strict=True)
        ]
        assert all(below[1] <= above[0] + 1e-9 for below, above in pairwise(bounds))
        assert sum(places) == pytest.approx(sum(wanted))


@pytest.mark.parametrize("short", [MOST_LINES - 2, MOST_LINES - 1])
def test_of_many_lines_those_of_short_clips_are_left_out(short: int) -> None:
    clips: dict[str, tuple[int, ...]] = {"tsn": (8, 16, 32, 64), "tam": (8, 16, 32, 64)}
    clips |= {f"{number}.py:net": (1, 2) for number in range(short)}
    records = [
        measurement(point(network=name, frames=frames), samples=(frames,))
        for name, all_ in clips.items()
        for frames in all_
    ]
    plot = build_page(records, load_claims()).story
    assert plot
    left_out = short + 2 > MOST_LINES
    assert ("0.py:net, depth 50, 2 frames" in plot.svg) is not left_out
    assert "tsn, depth 50, 64 frames" in plot.svg
    assert plot.finding.startswith("Depth 50, 64 frames, GMACs: tam ")
    told = f" Left out: {short} of {short + 2} lines, whose clips are shorter."
    assert plot.finding.endswith(told) is left_out


def test_a_depth_without_long_clips_has_no_panel_of_others_lines() -> None:
    lines: list[tuple[str, int | None, int]]
    lines = [("tsn", 50, 64), ("tam", 50, 64), ("tsn", 18, 4)]
    lines += [(f"{number}.py:net", None, 4) for number in range(MOST_LINES)]
    records = [
        measurement(point(network=name, depth=depth, frames=frames), samples=(frames,))
        for name, depth, longest in lines
        for frames in (2, longest)
    ]
    plot = build_page(records, load_claims()).story
    assert plot
    assert plot.panels == 1
    assert plot.finding.endswith("Left out: 11 of 13 lines, whose clips are shorter.")
