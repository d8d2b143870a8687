import random
from itertools import combinations, pairwise

import pytest
from matplotlib.text import Text

from reports.drawing import Plot
from reports.page import build_page
from reports.plots import MAX_LINES, spread
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
    assert spread(wanted, [10] * len(wanted), 200) == pytest.approx(places)
    below = spread(wanted, [10] * len(wanted), 10)
    assert all(place <= 5 for place in below)


def test_no_label_stands_upon_another() -> None:
    chance = random.Random(0)
    for _ in range(100):
        wanted = sorted(chance.uniform(0, 100) for _ in range(chance.randint(2, 12)))
        heights = [chance.choice([11, 22]) for _ in wanted]
        places = spread(wanted, heights, 1000)
        bounds = [
            (place - height / 2, place + height / 2)
            for place, height in zip(places, heights, strict=True)
        ]
        assert all(below[1] <= above[0] + 1e-9 for below, above in pairwise(bounds))
        assert sum(places) == pytest.approx(sum(wanted))


def plot_of(lines: dict[tuple[str, int | None], tuple[int, ...]]) -> Plot:
    """MACs against frames; `lines` has the measured frames of each network and depth."""
    records = [
        measurement(point(network=name, depth=depth, frames=frames), samples=(frames * 10**9,))
        for (name, depth), all_ in lines.items()
        for frames in all_
    ]
    page = build_page(records, load_claims())
    (plot,) = page.macs_plots
    return plot


GRID = (8, 16, 32, 64)
PAPER: dict[tuple[str, int | None], tuple[int, ...]]
PAPER = dict.fromkeys([("tsn", 50), ("tam", 50), ("tsm", 50)], GRID)
FIGURES = "Depth 50, 64 frames, GMACs: tam 64, tsm 64, tsn 64."


@pytest.mark.parametrize("short", [MAX_LINES - 3, MAX_LINES - 2])
def test_of_many_lines_those_of_short_clips_are_left_out(short: int) -> None:
    plot = plot_of(PAPER | {(f"{number}.py:net", 50): (1, 2) for number in range(short)})
    left_out = short + 3 > MAX_LINES
    assert ("0.py:net, depth 50, 2 frames" in plot.svg) is not left_out
    assert "tsn, depth 50, 64 frames" in plot.svg
    assert plot.finding.startswith(FIGURES)
    assert (f"Not drawn: {short} of {short + 3} lines" in plot.finding) is left_out


def test_a_network_over_far_longer_clips_leaves_the_others_in() -> None:
    longest = dict.fromkeys([("blvnet_tam", 50), ("blvnet_tam", 101)], (64, 200, 400))
    others = {(f"{number}.py:net", None): (1, 2) for number in range(MAX_LINES)}
    plot = plot_of(PAPER | longest | others)
    assert "tsn, depth 50, 64 frames" in plot.svg
    assert "blvnet_tam, depth 50, 400 frames" in plot.svg
    assert plot.finding.startswith("Depth 50, 64 frames, GMACs: blvnet_tam 64, tam 64")


@pytest.mark.parametrize("depth", [50, None])
def test_no_panel_has_more_lines_than_can_be_told_apart(depth: int | None) -> None:
    plot = plot_of({(f"{number}.py:net", depth): GRID for number in range(30)})
    assert plot.svg.count("64 frames") == MAX_LINES
    assert "Not drawn: 20 of 30 lines" in plot.finding


def test_a_depth_without_long_clips_has_no_panel_of_others_lines() -> None:
    others = {(f"{number}.py:net", None): (2, 4) for number in range(MAX_LINES)}
    plot = plot_of(PAPER | {("tsn", 18): (2, 4)} | others)
    assert plot.panels == 1
    assert "Not drawn: 11 of 14 lines" in plot.finding


def test_networks_of_one_depth_leave_those_of_many_in() -> None:
    lines: dict[tuple[str, int | None], tuple[int, ...]]
    lines = {(f"{number}.py:net", None): GRID for number in range(MAX_LINES + 5)}
    lines |= {("tsn", 50): (2, 4), ("tam", 50): (2, 4)}
    plot = plot_of(lines)
    assert plot.panels == 1
    assert "tsn, depth 50, 4 frames" in plot.svg
    assert "Not drawn: 7 of 17 lines" in plot.finding


def test_names_of_lines_that_end_apart_do_not_meet() -> None:
    plot = plot_of(
        {("tsn", 50): GRID, ("i3d_resnet_with_window", 50): GRID[:3], ("tam", 50): (8, 16)}
    )
    (axes,) = plot.figure.axes
    labels = [
        text for text in axes.texts if text.get_text() in ("tsn", "i3d_resnet_with_window", "tam")
    ]
    for label in labels:
        label.get_window_extent()  # brings them to their places
    boxes = [Text.get_window_extent(label) for label in labels]  # without their leaders
    assert len(boxes) == 3
    assert not any(first.overlaps(second) for first, second in combinations(boxes, 2))
    assert min(box.x0 for box in boxes) > axes.bbox.x1 - 20
