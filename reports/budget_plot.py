"""Accuracy against two costs, the MACs of a video and the memory to train, with Pareto fronts."""

from collections.abc import Sequence
from itertools import cycle, groupby, pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from bench.choice.accuracies import UNKNOWN
from bench.choice.ranking import MACS, MEMORY
from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.wording import count_text
from reports.budget import REFERENCE, TRAINED
from reports.drawing import INK, QUIET, Colours, Drawing, Plot, draw_axes
from reports.video_costs import (
    DATASETS,
    TRAIN_MEMORY,
    VIDEO_MACS,
    Cost,
    PricedAccuracy,
    PricedSets,
)

PLOT_ID = "budget-{}"
PLOT_OF_TODAY = PLOT_ID.format("kinetics-400")  # most networks of today are tested on it
MARKERS = "os^DvPX*<>"  # one for each source
SHOWN_BELOW_FRONT = 4.0  # percentage points; lower dots are drawn at the edge
LABEL_PT, LETTER_PT = 8, 4.4  # the height of a label, and the mean width of a letter
GIGA, GIB = 10**9, 2**30
PLAIN = "weights from ImageNet-1k at most"
HOLLOW = "pretrained on more than ImageNet-1k, or not known"
STEPS = 50  # sampled between two points of a line
LEGEND_IN = 0.17  # the height of a line of the legend


class Scale(NamedTuple):
    """How a cost is drawn: its axis and unit, and the limit that a dashed line shows, if known."""

    cost: Cost
    axis: str
    unit: str
    size: float
    limit: float | None

    def of(self, priced: PricedAccuracy) -> float | None:
        """The cost of an accuracy in this unit."""
        value = self.cost.of(priced)
        return None if value is None else value / self.size

    def is_known(self, priced: PricedAccuracy) -> bool:
        """Whether the cost of an accuracy is known."""
        return self.cost.of(priced) is not None


def draw_budgets(
    sets: PricedSets, measurements: Sequence[Measurement], colours: Colours
) -> tuple[Plot, ...]:
    """A plot for each data set with two accuracies at least whose MACs are known.

    The costs of the reference are among the `measurements`.
    """
    index = Index(measurements)
    plots = (_draw_dataset(dataset, priced, index, colours) for dataset, priced in sets.items())
    return tuple(plot for plot in plots if plot)


def _draw_dataset(
    dataset: str, priced: Sequence[PricedAccuracy], index: Index, colours: Colours
) -> Plot | None:
    """A panel for each cost that at least two accuracies have."""
    scales = _scales(priced, index)
    shown = [scale for scale in scales if sum(map(scale.is_known, priced)) > 1]
    if scales[0] not in shown:
        return None
    sources = list(dict.fromkeys(map(_origin, priced)))
    bottom = 0.9 + LEGEND_IN * (len(sources) + 5) / 2
    width = 8 if len(shown) == 1 else 4.6
    with Drawing(len(shown), width=width, height=4.2, margins=(0.8, 0.3, bottom, 0.2)) as drawing:
        for axes, scale in zip(drawing.panels, shown, strict=True):
            draw_panel(drawing, axes, scale, priced, sources, colours)
        drawing.panels[0].legend(
            frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(0, -0.12), ncols=2
        )
        title = f"Accuracy on {DATASETS[dataset]} against what it costs"
        return drawing.plot(PLOT_ID.format(dataset), title, find_words(priced, shown))


def _scales(priced: Sequence[PricedAccuracy], index: Index) -> tuple[Scale, Scale]:
    """The scales of both costs; their limits are those of a TSN for the classes of the data set."""
    classes = {"num_classes": priced[0].accuracy.num_classes} if priced else {}
    macs = index.figure(MACS, REFERENCE.model_copy(update=classes))
    memory = index.figure(MEMORY, TRAINED.model_copy(update=classes))
    axis = f"simulated memory to train, batch {TRAINED.batch} (GiB)"
    return (
        Scale(VIDEO_MACS, "MACs per video (G)", "GMACs", GIGA, macs and macs / GIGA),
        Scale(TRAIN_MEMORY, axis, "GiB", GIB, memory and memory / GIB),
    )


def draw_panel(
    drawing: Drawing,
    axes: Axes,
    scale: Scale,
    priced: Sequence[PricedAccuracy],
    sources: Sequence[str],
    colours: Colours,
) -> None:
    """A line over frames for each network, source and test; the front, and labels that have room.

    An accuracy without the cost is left out.
    """
    known = list(filter(scale.is_known, priced))
    front = scale.cost.front(known)
    floor = min(one.accuracy.top1 for one in front) - SHOWN_BELOW_FRONT
    dots = {one: (scale.of(one) or 0.0, max(one.accuracy.top1, floor)) for one in known}
    for (_, origin, _, is_filled), group in groupby(sorted(known, key=_line), key=_line):
        own = sorted(group, key=lambda one: dots[one])
        x, y = zip(*(dots[one] for one in own), strict=True)
        labels = [f"{_describe(one)} at {scale.of(one):.1f} {scale.unit}" for one in own]
        marker = MARKERS[sources.index(origin) % len(MARKERS)]
        colour = colours[own[0].accuracy.network]
        fill = "full" if is_filled else "none"
        drawing.points(axes, x, y, labels, line="-", color=colour, marker=marker, fillstyle=fill)
    _draw_steps(axes, [dots[one] for one in front], ":", "Pareto front")
    plain = scale.cost.front(filter(is_plain, known))
    if plain and plain != front:
        _draw_steps(axes, [dots[one] for one in plain], "-.", f"Pareto front, {PLAIN}")
    if scale.limit:
        label = f"one view of {REFERENCE.network_label}"
        axes.axvline(scale.limit, color=QUIET, linestyle="--", linewidth=1, label=label)
    if not all(map(is_plain, known)):
        axes.plot([], [], color=QUIET, linestyle="", marker="o", fillstyle="none", label=HOLLOW)
    for source, marker in zip(sources, cycle(MARKERS), strict=False):
        axes.plot([], [], color=QUIET, linestyle="", marker=marker, label=source)
    axes.set_xscale("log", base=2)
    axes.margins(x=0.15)
    draw_axes(axes, scale.axis, "top-1 (%)")
    rest = sorted(set(known) - set(front), key=lambda one: -one.accuracy.top1)
    _label(axes, {one: dots[one] for one in (*front, *rest)}, len(front))


def is_plain(priced: PricedAccuracy) -> bool:
    """Whether the weights come from ImageNet-1k at most."""
    return priced.accuracy.has_plain_pretraining


def _draw_steps(
    axes: Axes, places: Sequence[tuple[float, float]], linestyle: str, label: str
) -> None:
    corners = [
        (after[0], height) for before, after in pairwise(places) for height in (before[1], after[1])
    ]
    x, y = zip(places[0], *corners, strict=True)
    axes.plot(x, y, color=QUIET, linestyle=linestyle, zorder=1, label=label)


def _line(priced: PricedAccuracy) -> tuple[str, str, int, bool]:
    protocol = priced.accuracy.protocol
    return _name(priced), _origin(priced), protocol.views if protocol else 0, is_plain(priced)


def _name(priced: PricedAccuracy) -> str:
    """The network with its depth, and the values of its options."""
    a = priced.accuracy
    return " ".join(str(part) for part in (a.network, a.depth, *dict(a.options).values()) if part)


def _origin(priced: PricedAccuracy) -> str:
    """The repository or the publication of an accuracy, without its commit and file."""
    return priced.accuracy.source.partition("@")[0].partition(" ")[0]


def _test(priced: PricedAccuracy) -> str:
    """The frames of the clip, and the views if there are several."""
    views = priced.accuracy.protocol.views if priced.accuracy.protocol else 1
    return count_text(priced.accuracy.frames, "frame") + (f" x {views} views" if views > 1 else "")


def _describe(priced: PricedAccuracy) -> str:
    return f"{_name(priced)}, {_test(priced)}: {priced.accuracy.top1:.1f} %"


def _label(axes: Axes, dots: dict[PricedAccuracy, tuple[float, float]], always: int) -> None:
    """Write a label beside each dot, where it hides no dot, no label and few lines.

    The first `always` dots have one in any case, the others if there is room.
    """
    points_per_pixel = 72 / axes.figure.dpi
    places = {
        one: axes.transData.transform(place) * points_per_pixel for one, place in dots.items()
    }
    taken = [Bbox.from_bounds(x - 3, y - 3, 6, 6) for x, y in places.values()]
    lines = np.concatenate([_along(line) for line in axes.lines]) * points_per_pixel
    # Right of and above the labels of the axes.
    room = Bbox(np.array([axes.bbox.min, axes.bbox.max]) * points_per_pixel)
    for number, (one, (x, y)) in enumerate(places.items()):
        views = one.accuracy.protocol.views if one.accuracy.protocol else 1
        text = f"{_name(one)}, {one.accuracy.frames}" + (f" x {views}" if views > 1 else "")
        if one.accuracy.top1 < dots[one][1]:
            text += f": {one.accuracy.top1:.1f} %"
        width, height = LETTER_PT * len(text), LABEL_PT + 2
        boxes = [
            Bbox.from_bounds(x + right, y + up, width, height)
            for right in (6, -6 - width, -width / 2)
            for up in (4, -4 - height, -height / 2, 10, -10 - height)
        ]

        def cost(box: Bbox) -> tuple[bool, int, int]:
            is_outside = not (room.contains(*box.min) and room.contains(*box.max))
            return is_outside, box.count_overlaps(taken), box.count_contains(lines)

        box = min(boxes, key=cost)
        if number >= always and any(cost(box)[:2]):
            continue
        taken.append(box)
        axes.annotate(
            text,
            dots[one],
            xytext=(box.x0 - x, box.y0 - y),
            textcoords="offset points",
            fontsize=LABEL_PT,
            color=INK,
        )


def _along(line: Line2D) -> NDArray[np.float64]:
    """Places along a line, in pixels, so close that no label fits between two of them."""
    corners = line.get_transform().transform(line.get_xydata())
    return np.asarray(Path(corners).interpolated(STEPS if len(corners) > 1 else 1).vertices)


def find_words(priced: Sequence[PricedAccuracy], scales: Sequence[Scale]) -> str:
    """The best within the MACs of the reference, the Pareto fronts, and what is not drawn."""
    fronts = {scale.cost.name: scale.cost.front(priced) for scale in scales}
    shared = [one for one in next(iter(fronts.values())) if all(one in f for f in fronts.values())]
    parts = {"On the Pareto front" if len(fronts) == 1 else "On both Pareto fronts": shared}
    for name, front in fronts.items():
        parts[f"On that of {name} alone"] = [one for one in front if one not in shared]
    lists = [
        f"{where}: {', '.join(dict.fromkeys(map(_step, ones)))}."
        for where, ones in parts.items()
        if ones
    ]
    unknown = sum(not scales[0].is_known(one) for one in priced)
    missing = f"Accuracies whose MACs are not known are not drawn: {unknown}." * bool(unknown)
    return " ".join(filter(None, [_best(priced, scales[0]), *lists, missing]))


def _best(priced: Sequence[PricedAccuracy], macs: Scale) -> str:
    """A sentence with the most accurate network within the limit; empty without a limit."""
    if not macs.limit:
        return ""
    within = [one for one in priced if (value := macs.of(one)) is not None and value <= macs.limit]
    limit = f"the MACs of one view of {REFERENCE.network_label} ({macs.limit:.1f} G a video)"
    if not within:
        return f"No accuracy is known within {limit}."
    best = max(within, key=lambda one: one.accuracy.top1)
    return (
        f"Within {limit}, {_name(best)} is the most accurate: {best.accuracy.top1:.1f} % over "
        f"{_test(best)}."
    )


def _step(priced: PricedAccuracy) -> str:
    """An accuracy on a front, with its pretraining if that is more than ImageNet-1k."""
    more = "" if is_plain(priced) else f", pretrained on {priced.accuracy.pretraining or UNKNOWN}"
    return f"{_name(priced)}, {_test(priced)} ({priced.accuracy.top1:.1f} %{more})"
