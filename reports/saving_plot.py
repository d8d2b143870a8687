"""The saving that the paper claims: MACs and training memory of TSN and bLVNet-TAM over frames.

bLVNet-TAM is as published. Brackets show how many times less it needs for the longest clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes

from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.records.point import Point
from bench.wording import count_text
from reports.drawing import (
    AS_PUBLISHED,
    INK,
    QUIET,
    Colours,
    Drawing,
    Plot,
    draw_axes,
    use_log_axes,
)
from reports.places import enumerate_words
from reports.tables import format_digits

LINES = ("-", "--")  # one for each depth; a third could not be told apart
TSN, OWN = "tsn", "blvnet_tam" + AS_PUBLISHED
NETWORKS: dict[str, dict[str, Any]] = {
    TSN: {"network": "tsn"},
    OWN: {"network": "blvnet_tam", "options": {"formulation": "published"}},
}
# Factors on the axis of frames: from the ends of the lines to a bracket, and from a bracket to the
# next one, past its number.
GAP, NEXT = 1.1, 1.42


@dataclass(frozen=True)
class Cost:
    """A cost, the fields of its points, and its labels."""

    label: str
    title: str
    axis: str
    scale: float
    unit: str
    saving: str
    fields: dict[str, Any] = field(default_factory=dict)


COSTS = (
    Cost("macs:flop_counter", "MACs", "MACs per clip (G)", 1e9, "GMACs", "fewer MACs"),
    Cost(
        "memory:simulated",
        "Memory to train, batch 8",
        "simulated peak (GiB)",
        2**30,
        "GiB",
        "less memory",
        {"batch": 8, "mode": "train"},
    ),
)


@dataclass(frozen=True)
class Saving:
    """A cost of both networks at one depth, over the numbers of frames that both have."""

    depth: int
    frames: tuple[int, ...]
    shown: dict[str, tuple[float, ...]]

    @property
    def ratios(self) -> list[float]:
        """How many times less bLVNet-TAM needs than TSN, over frames."""
        return [tsn / own for tsn, own in zip(self.shown[TSN], self.shown[OWN], strict=True)]


def draw_saving(measurements: Sequence[Measurement], colours: Colours) -> Plot | None:
    """A panel for each cost that both networks have at two numbers of frames at least."""
    index = Index(measurements)
    found = [(cost, savings) for cost in COSTS if (savings := _savings(cost, index))]
    if not found:
        return None
    margins = (0.8, 0.3, 0.6, 0.4)
    with Drawing(len(found), width=4.7, height=3.3, margins=margins, share_y=False) as drawing:
        for axes, (cost, savings) in zip(drawing.panels, found, strict=True):
            axes.set_title(cost.title)
            for saving, line in zip(savings, LINES, strict=False):
                _draw_lines(drawing, axes, cost, saving, line, colours)
            use_log_axes(axes)
            _draw_brackets(axes, savings)
            frames = {count for saving in savings for count in saving.frames}
            axes.legend(frameon=False, fontsize=9, loc="lower right")
            draw_axes(axes, "frames per clip", cost.axis, ticks=frames)
        title = "What bLVNet-TAM saves as published, at equal frames"
        return drawing.plot("saving", title, " ".join(_finding(*one) for one in found))


def _savings(cost: Cost, index: Index) -> list[Saving]:
    """The depths with the most numbers of frames that both networks have, the lowest first."""
    own = [m.point for m in index if m.label == cost.label and m.status == "ok"]
    savings = []
    for depth in sorted({point.depth for point in own if point.depth}):
        costs: dict[int, dict[str, float]] = {}
        for frames in sorted({point.frames for point in own if point.depth == depth}):
            for name, fields in NETWORKS.items():
                point = Point(depth=depth, frames=frames, **cost.fields, **fields)
                if value := index.figure(cost.label, point):
                    costs.setdefault(frames, {})[name] = value / cost.scale
        both = {frames: shown for frames, shown in costs.items() if len(shown) == len(NETWORKS)}
        if len(both) > 1:
            shown = {name: tuple(one[name] for one in both.values()) for name in NETWORKS}
            savings.append(Saving(depth, tuple(both), shown))
    longest = sorted(savings, key=lambda saving: -len(saving.frames))[: len(LINES)]
    return sorted(longest, key=lambda saving: saving.depth)


def _draw_lines(
    drawing: Drawing, axes: Axes, cost: Cost, saving: Saving, line: str, colours: Colours
) -> None:
    for name, shown in saving.shown.items():
        network = f"{name}, depth {saving.depth}"
        labels = [
            f"{network}, {count_text(frames, 'frame')}: {format_digits(value)} {cost.unit}"
            for frames, value in zip(saving.frames, shown, strict=True)
        ]
        style = {"color": colours[name], "marker": "o", "markersize": 5, "label": network}
        drawing.points(axes, saving.frames, shown, labels, line=line, **style)


def _draw_brackets(axes: Axes, savings: Sequence[Saving]) -> None:
    """A bracket for each depth, right of the lines, with how many times less is needed."""
    right = max(saving.frames[-1] for saving in savings)
    for number, (saving, line) in enumerate(zip(savings, LINES, strict=False)):
        low, high = saving.shown[OWN][-1], saving.shown[TSN][-1]
        place = right * GAP * NEXT**number
        arrow = {"arrowstyle": "<->", "color": QUIET, "linestyle": line, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (place, low), (place, high), arrowprops=arrow)
        axes.annotate(
            f"{saving.ratios[-1]:.2f}x",
            (place, (low * high) ** 0.5),
            (4, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=10,
        )
    axes.set_xlim(right=right * GAP * NEXT ** len(savings))


def _finding(cost: Cost, savings: Sequence[Saving]) -> str:
    """How many times less each depth needs, over its frames."""
    parts = []
    for saving in savings:
        low, high = (f"{bound:.2f}" for bound in (min(saving.ratios), max(saving.ratios)))
        times = low if low == high else f"{low} to {high}"
        ends = f"{saving.frames[0]} to {count_text(saving.frames[-1], 'frame')}"
        parts.append(f"{times} times {cost.saving} at depth {saving.depth} over {ends}")
    text = enumerate_words(parts)
    return f"{text[:1].upper()}{text[1:]}."
