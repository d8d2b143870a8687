"""Accuracy against MACs per video, with the budget of a TSN and the Pareto front."""

from collections.abc import Sequence
from itertools import cycle, groupby, pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from bench.records.index import Index
from bench.records.measurement import Measurement
from reports.accuracy import MACS
from reports.budget import REFERENCE
from reports.drawing import INK, QUIET, Colours, Drawing, Plot, draw_axes
from reports.video_costs import DATASETS, price_accuracies

MARKERS = "os^Dv"  # one for each source
SHOWN_BELOW_FRONT = 4.0  # percentage points; lower dots are drawn at the edge
LABEL_PT, LETTER_PT = 8, 4.4  # the height of a label, and the mean width of a letter
STEPS = 50  # sampled between two points of a line
LEGEND_IN = 0.17  # the height of a line of the legend


class AccuracyDot(NamedTuple):
    """A known accuracy: top-1 in percent, at the GMACs of all views of a video."""

    network: str
    depth: int | None
    source: str
    frames: int
    macs: float
    top1: float
    views: int = 1

    @property
    def name(self) -> str:
        """The network with its depth."""
        return self.network if self.depth is None else f"{self.network} {self.depth}"

    @property
    def test(self) -> str:
        """The frames of the clip, and the views if there are several."""
        return f"{self.frames} frames" + (f" x {self.views} views" if self.views > 1 else "")


def draw_budgets(measurements: Sequence[Measurement], colours: Colours) -> tuple[Plot, ...]:
    """A plot for each data set with two accuracies at least whose costs are known."""
    plots = (_draw_dataset(measurements, colours, dataset) for dataset in DATASETS)
    return tuple(plot for plot in plots if plot)


def _draw_dataset(
    measurements: Sequence[Measurement], colours: Colours, dataset: str
) -> Plot | None:
    """A line over frames for each network, depth and source."""
    dots, budget = _dots(measurements, dataset), Index(measurements).figure(MACS, REFERENCE)
    if len(dots) < 2 or not budget:
        return None
    sources = list(dict.fromkeys(dot.source for dot in dots))
    bottom = 0.9 + LEGEND_IN * (len(sources) + 2)
    with Drawing(width=8, height=4.2, margins=(0.8, 0.4, bottom, 0.2)) as drawing:
        _draw(drawing, dots, budget / 1e9, sources, colours)
        title = f"Accuracy on {DATASETS[dataset]} against the MACs of a video"
        return drawing.plot(f"budget-{dataset}", title, _finding(dots, budget / 1e9))


def _dots(measurements: Sequence[Measurement], dataset: str) -> list[AccuracyDot]:
    """The accuracies of networks without options whose MACs are measured."""
    found = [
        AccuracyDot(a.network, a.depth, a.source, a.frames, macs / 1e9, a.top1, a.protocol.views)
        for priced in price_accuracies(measurements, dataset)
        for a, macs in [(priced.accuracy, priced.video_macs)]
        if macs is not None and a.protocol and not a.options
    ]
    return sorted(found, key=lambda dot: (dot.network, dot.depth or 0, dot.source, dot.macs))


def _draw(
    drawing: Drawing,
    dots: Sequence[AccuracyDot],
    budget: float,
    sources: Sequence[str],
    colours: Colours,
) -> None:
    (axes,) = drawing.panels
    floor = min(dot.top1 for dot in find_front(dots)) - SHOWN_BELOW_FRONT
    for (_, source), group in groupby(dots, key=lambda dot: (dot.name, dot.source)):
        own = list(group)
        macs, heights = [d.macs for d in own], [max(dot.top1, floor) for dot in own]
        marker, colour = MARKERS[sources.index(source) % len(MARKERS)], colours[own[0].network]
        labels = [f"{d.name}, {d.test}: {d.top1:.1f} % at {d.macs:.1f} GMACs" for d in own]
        drawing.points(axes, macs, heights, labels, line="-", color=colour, marker=marker)
    front = find_front(dots)
    corners = [
        (dot.macs, height) for before, dot in pairwise(front) for height in (before.top1, dot.top1)
    ]
    x, y = zip((front[0].macs, front[0].top1), *corners, strict=True)
    axes.plot(x, y, color=QUIET, linestyle=":", zorder=1, label="Pareto front")
    axes.axvline(budget, color=QUIET, linestyle="--", linewidth=1, label=REFERENCE.network_label)
    for source, marker in zip(sources, cycle(MARKERS), strict=False):
        axes.plot([], [], color=QUIET, linestyle="", marker=marker, label=source)
    axes.set_xscale("log", base=2)
    axes.margins(x=0.15)
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.12))
    draw_axes(axes, "MACs per video (G)", "top-1 (%)")
    _label(axes, dots, floor)


def _label(axes: Axes, dots: Sequence[AccuracyDot], floor: float) -> None:
    """Write a label beside each dot, where it hides no dot, no label and few lines."""
    points_per_pixel = 72 / axes.figure.dpi
    places = {
        dot: axes.transData.transform((dot.macs, max(dot.top1, floor))) * points_per_pixel
        for dot in dots
    }
    taken = [Bbox.from_bounds(x - 3, y - 3, 6, 6) for x, y in places.values()]
    lines = np.concatenate([_along(line) for line in axes.lines]) * points_per_pixel
    # Right of and above the labels of the axes.
    room = Bbox(np.array([axes.bbox.min, axes.figure.bbox.max]) * points_per_pixel)
    for dot, (x, y) in places.items():
        text = f"{dot.name}, {dot.frames}" + (f" x {dot.views}" if dot.views > 1 else "")
        if dot.top1 < floor:
            text += f": {dot.top1:.1f} %"
        width, height = LETTER_PT * len(text), LABEL_PT + 2
        boxes = [
            Bbox.from_bounds(x + right, y + up, width, height)
            for right in (6, -6 - width, -width / 2)
            for up in (4, -4 - height, -height / 2, 10, -10 - height)
        ]
        box = min(
            boxes,
            key=lambda box: (
                not (room.contains(*box.min) and room.contains(*box.max)),
                box.count_overlaps(taken),
                box.count_contains(lines),
            ),
        )
        taken.append(box)
        axes.annotate(
            text,
            (dot.macs, max(dot.top1, floor)),
            xytext=(box.x0 - x, box.y0 - y),
            textcoords="offset points",
            fontsize=LABEL_PT,
            color=INK,
        )


def _along(line: Line2D) -> NDArray[np.float64]:
    """Places along a line, in pixels, so close that no label fits between two of them."""
    corners = line.get_transform().transform(line.get_xydata())
    return np.asarray(Path(corners).interpolated(STEPS if len(corners) > 1 else 1).vertices)


def find_front(dots: Sequence[AccuracyDot]) -> list[AccuracyDot]:
    """The dots that are more accurate than every other dot with as many or fewer MACs.

    The cheapest comes first.
    """
    front: list[AccuracyDot] = []
    for dot in sorted(dots, key=lambda dot: (dot.macs, -dot.top1)):
        if not front or dot.top1 > front[-1].top1:
            front.append(dot)
    return front


def _finding(dots: Sequence[AccuracyDot], budget: float) -> str:
    """The most accurate network within the budget, and the Pareto front."""
    within = [dot for dot in dots if dot.macs <= budget]
    limit = f"the MACs of one view of {REFERENCE.network_label} ({budget:.1f} G a video)"
    best = max(within, key=lambda dot: dot.top1, default=None)
    first = (
        f"Within {limit}, {best.name} is the most accurate: {best.top1:.1f} % over {best.test}."
        if best
        else f"No accuracy is known within {limit}."
    )
    steps = ", ".join(f"{d.name}, {d.test} ({d.top1:.1f} %)" for d in find_front(dots))
    return (
        f"{first} The Pareto front: {steps}. Labels show the network, its depth, its number of "
        "frames and, if the test has several, the number of views: each of them is charged."
    )
