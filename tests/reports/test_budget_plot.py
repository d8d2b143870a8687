from itertools import combinations

from matplotlib.transforms import Bbox

from reports.budget_plot import LABEL_PT, SHOWN_BELOW_FRONT, AccuracyDot, _draw, find_front
from reports.drawing import Drawing, assign_colours


def test_no_label_hides_a_dot_or_a_label_or_leaves_the_picture() -> None:
    """Also of dots close together, some on the line of the budget or almost on each other."""
    dots = [
        AccuracyDot("tsn", 50, "s", 8, macs, top1)
        for macs, top1 in ((32, 60), (33, 60.1), (33, 60.2), (34, 60.3), (64, 61), (64.5, 50))
    ]
    with Drawing(width=8, height=4.2) as drawing:
        _draw(drawing, dots, 32.5, ["s"], assign_colours(["tsn"]))
        (axes,) = drawing.panels
        labels = [text for text in axes.texts if text.get_fontsize() == LABEL_PT]
        boxes = [label.get_window_extent() for label in labels]
        lowest = min(dot.top1 for dot in find_front(dots)) - SHOWN_BELOW_FRONT
        places = axes.transData.transform([(d.macs, max(d.top1, lowest)) for d in dots])
        room = Bbox([axes.bbox.min, drawing.figure.bbox.max])
    assert len(boxes) == len(dots)
    assert not any(first.overlaps(second) for first, second in combinations(boxes, 2))
    assert not any(box.count_contains(places) for box in boxes)
    assert all(room.contains(*box.min) and room.contains(*box.max) for box in boxes)
