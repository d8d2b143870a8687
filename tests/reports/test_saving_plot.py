from collections.abc import Iterable
from xml.etree import ElementTree

import pytest
from matplotlib.text import Annotation

from bench.records.measurement import Measurement
from reports.drawing import Plot, assign_colours
from reports.saving_plot import draw_saving
from tests.records import measurement, point

COLOURS = assign_colours([])
PUBLISHED = {"formulation": "published"}
TRAINED = {"batch": 8, "mode": "train"}
MEMORY = {"quantity": "memory", "instrument": "simulated", "unit": "bytes"}


def costs(depth: int, ratios: dict[int, float], *, memory: bool = False) -> Iterable[Measurement]:
    """TSN and bLVNet-TAM as published: the ratio of their costs by the number of frames."""
    for frames, ratio in ratios.items():
        for network, options, times in (("tsn", {}, ratio), ("blvnet_tam", PUBLISHED, 1)):
            where = point(network=network, depth=depth, frames=frames, options=options)
            if memory:
                where = where.model_copy(update=TRAINED)
            cost = times * frames * 2**30
            yield measurement(where, samples=(cost,), **(MEMORY if memory else {}))


def draw(*records: Iterable[Measurement]) -> Plot | None:
    return draw_saving([m for group in records for m in group], COLOURS)


def texts(plot: Plot) -> set[str]:
    return {text.strip() for text in ElementTree.fromstring(plot.svg).itertext()}


def test_each_cost_has_a_panel_with_the_ratio_of_each_depth() -> None:
    macs = [costs(50, {8: 2.5, 64: 2.75}), costs(101, {8: 4, 64: 4})]
    plot = draw(*macs, costs(50, {8: 1.5, 16: 2}, memory=True))
    assert plot
    assert plot.panels == 2
    assert {"2.75x", "4.00x", "2.00x"} <= texts(plot)
    assert "tsn, depth 101, 64 frames: 275 GMACs" in plot.svg  # 4 x 64 x 2^30
    assert "blvnet_tam as published, depth 50, 16 frames: 16 GiB" in plot.svg
    assert plot.finding == (
        "2.50 to 2.75 times fewer MACs at depth 50 over 8 to 64 frames and 4.00 times fewer MACs "
        "at depth 101 over 8 to 64 frames. 1.50 to 2.00 times less memory at depth 50 over 8 to 16 "
        "frames."
    )


def test_only_frames_that_both_networks_have_are_drawn() -> None:
    alone = measurement(point(frames=32), samples=(9,))
    plot = draw(costs(50, {8: 3, 16: 3}), [alone])
    assert plot
    assert "32 frames" not in plot.svg


@pytest.mark.parametrize("records", [[], [*costs(50, {8: 3})], [measurement(point())]])
def test_less_than_two_numbers_of_frames_are_no_picture(records: list[Measurement]) -> None:
    assert draw(records) is None


def test_of_many_depths_those_with_the_most_frames_are_drawn() -> None:
    plot = draw(
        costs(18, {8: 3, 16: 3}),
        costs(50, {8: 3, 16: 3, 32: 3}),
        costs(101, {8: 3, 16: 3, 32: 3}),
    )
    assert plot
    assert "depth 18" not in plot.svg
    assert {"tsn, depth 50", "tsn, depth 101"} <= texts(plot)


def test_brackets_stand_beside_the_lines_and_apart() -> None:
    plot = draw(costs(50, {8: 3, 64: 3}), costs(101, {8: 3, 64: 3}))
    assert plot
    (axes,) = plot.figure.axes
    notes = [text for text in axes.texts if isinstance(text, Annotation)]
    marks = [note for note in notes if note.get_text().endswith("x")]
    boxes = [mark.get_window_extent() for mark in marks]
    assert len(boxes) == 2
    assert boxes[0].x1 < axes.transData.transform((marks[1].xy[0], 1))[0]
    assert boxes[1].x1 < axes.bbox.x1
    assert axes.transData.transform((64, 1))[0] < boxes[0].x0
