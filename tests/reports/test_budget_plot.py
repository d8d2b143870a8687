from dataclasses import replace
from itertools import combinations

import pytest
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from bench.choice.accuracies import Accuracy
from reports.budget_plot import (
    LABEL_PT,
    SHOWN_BELOW_FRONT,
    Scale,
    draw_budgets,
    draw_panel,
    find_words,
)
from reports.drawing import Drawing, assign_colours
from reports.video_costs import TRAIN_MEMORY, VIDEO_MACS, Cost, PricedAccuracy, price_accuracies
from suites import Protocol, load_published
from tests.records import measurement, point

GIGA, GIB = 10**9, 2**30
PEAK = {"quantity": "memory", "instrument": "simulated", "unit": "bytes"}
# Dots close together, some on the line of the budget or almost on each other; one at the edge.
CLOSE = ((32, 60), (33, 60.1), (33, 60.2), (34, 60.3), (64, 61), (64.5, 50))


def priced(gmacs: float, top1: float, *, pretraining: str = "IN1k") -> PricedAccuracy:
    accuracy = Accuracy(
        network="tsn",
        depth=50,
        options=(),
        frames=8,
        protocol=Protocol(1, 1, 224),
        num_classes=400,
        dataset="kinetics-400",
        top1=top1,
        kind="published",
        source="a/b@c d",
        pretraining=pretraining,
    )
    return PricedAccuracy(accuracy, gmacs * GIGA, gmacs * GIB)


def scale(cost: Cost = VIDEO_MACS, limit: float | None = 32.5) -> Scale:
    return Scale(cost, "axis", "GMACs", GIGA, limit)


def draw(dots: list[PricedAccuracy]) -> tuple[list[Text], Drawing]:
    with Drawing(width=4.6, height=4.2) as drawing:
        (axes,) = drawing.panels
        draw_panel(drawing, axes, scale(), dots, ["a/b"], assign_colours(["tsn"]))
    return [text for text in axes.texts if text.get_fontsize() == LABEL_PT], drawing


def test_no_label_hides_a_dot_or_a_label_or_leaves_the_picture() -> None:
    dots = [priced(*place) for place in CLOSE]
    labels, drawing = draw(dots)
    boxes = [label.get_window_extent() for label in labels]
    lowest = min(one.accuracy.top1 for one in VIDEO_MACS.front(dots)) - SHOWN_BELOW_FRONT
    (axes,) = drawing.panels
    places = axes.transData.transform([(gmacs, max(top1, lowest)) for gmacs, top1 in CLOSE])
    room = Bbox([axes.bbox.min, drawing.figure.bbox.max])
    assert labels[-1].get_text().endswith(": 50.0 %")
    assert not any(first.overlaps(second) for first, second in combinations(boxes, 2))
    assert not any(box.count_contains(places) for box in boxes)
    assert all(room.contains(*box.min) and room.contains(*box.max) for box in boxes)


def test_every_dot_of_the_front_has_a_label_and_others_only_where_there_is_room() -> None:
    crowd = [priced(40 + number / 100, 60 - number / 100) for number in range(200)]
    labels, _ = draw([priced(32, 59), *crowd])
    assert 2 <= len(labels) < len(crowd)


@pytest.mark.parametrize(
    ("pretraining", "fill", "fronts"),
    [("IN1k", "full", 1), ("none", "full", 1), ("IG65M", "none", 2), ("", "none", 2)],
)
def test_more_pretraining_is_hollow_and_has_no_place_on_the_front_without(
    pretraining: str, fill: str, fronts: int
) -> None:
    _, drawing = draw([priced(16, 59), priced(32, 61, pretraining=pretraining)])
    (axes,) = drawing.panels
    styles = {line.get_gid(): line.get_fillstyle() for line in axes.lines if line.get_gid()}
    assert fill in styles.values()
    legend = [str(line.get_label()) for line in axes.lines]
    assert len([label for label in legend if label.startswith("Pareto front")]) == fronts
    assert ("pretrained on more than ImageNet-1k, or not known" in legend) == (fill == "none")


def test_a_plot_has_a_panel_for_each_cost_that_is_known() -> None:
    rows = [r for r in load_published() if r.dataset == "kinetics-400" and r.network == "slowfast"]
    assert len(rows) > 1
    found = [measurement(point(), samples=(GIGA,))]
    for number, row in enumerate(rows, start=1):
        clip = {
            "network": row.network,
            "depth": row.depth,
            "options": dict(row.options),
            "frames": row.frames,
            "input_size": 256,
            "num_classes": 400,
        }
        found.append(measurement(point(**clip), samples=(number * GIGA,)))
    (plot,) = draw_budgets(price_accuracies(found), found, assign_colours(["slowfast"]))
    assert (plot.id, plot.panels) == ("budget-kinetics-400", 1)
    assert "On the Pareto front: slowfast 50 4x16, 32 frames x 30 views (75.3 %)" in plot.finding
    for number, one in enumerate(found[1:], start=1):
        step = one.point.model_copy(update={"batch": 8, "mode": "train"})
        found.append(measurement(step, **PEAK, samples=(number * GIB,)))
    (plot,) = draw_budgets(price_accuracies(found), found, assign_colours(["slowfast"]))
    assert plot.panels == 2
    assert "On both Pareto fronts: slowfast 50 4x16, 32 frames x 30 views (75.3 %)" in plot.finding
    assert "alone" not in plot.finding
    assert TRAIN_MEMORY.front([priced(2, 60), priced(1, 50)])[0].train_bytes == GIB


def test_equal_accuracies_of_one_network_are_named_once() -> None:
    one = priced(1, 50)
    twice = [one, replace(one, accuracy=replace(one.accuracy, source="b"))]
    assert VIDEO_MACS.front(twice) == twice
    found = find_words(twice, [scale(limit=None)])
    assert found == "On the Pareto front: tsn 50, 8 frames (50.0 %)."


def test_a_finding_names_what_is_on_one_front_alone() -> None:
    """The first has few MACs and much memory, the second is the most accurate for its memory."""
    few_macs = replace(priced(1, 50), train_bytes=9 * GIB)
    little_memory = replace(priced(9, 40, pretraining="IG65M"), train_bytes=GIB)
    best = replace(priced(5, 60), train_bytes=10 * GIB)
    scales = [scale(limit=2.0), scale(TRAIN_MEMORY)]
    no_macs = replace(best, clip_macs=None, train_bytes=None)
    assert find_words([few_macs, little_memory, best, no_macs], scales) == (
        "Within the MACs of one view of tsn depth 50, 8 frames (2.0 G a video), tsn 50 is the most "
        "accurate: 50.0 % over 8 frames. On both Pareto fronts: tsn 50, 8 frames (50.0 %), tsn 50, "
        "8 frames (60.0 %). On that of memory alone: tsn 50, 8 frames (40.0 %, pretrained on "
        "IG65M). Accuracies whose MACs are not known are not drawn: 1."
    )
