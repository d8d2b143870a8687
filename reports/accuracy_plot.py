"""Accuracy against MACs, for all classes and for each group of classes."""

from collections.abc import Sequence
from statistics import mean
from typing import NamedTuple

from matplotlib.axes import Axes

from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.video.arrow_of_time import NAME
from bench.wording import count_text
from reports.accuracy import MACS, TRAINED
from reports.drawing import QUIET, Colours, Drawing, Plot, draw_axes

ALL = "all classes"
ORDER_BLIND = 50  # percent: the most that a network can reach without the order of frames
MARKERS = "os^Dv"  # one for each number of frames


class TrainingDot(NamedTuple):
    """One training: the accuracy on a group in percent, at the MACs of a clip in millions.

    The 95 % interval reaches from `top1 - below` to `top1 + above`.
    """

    network: str
    frames: int
    macs: float
    top1: float
    below: float
    above: float


def draw_accuracies(measurements: Sequence[Measurement], colours: Colours) -> Plot | None:
    """A panel for all classes and each group, a line for each network; None if none is trained."""
    dots = _dots(measurements)
    if not dots:
        return None
    frames = sorted({dot.frames for found in dots.values() for dot in found})
    with Drawing(len(dots), width=3.6, height=3.1, margins=(0.8, 0.2, 0.6, 0.4)) as drawing:
        for axes, (group, found) in zip(drawing.panels, dots.items(), strict=True):
            _draw_panel(drawing, axes, found, frames, colours)
            axes.set_title(group)
            axes.set_ylim(0, 102)
            draw_axes(axes, "MACs per clip (M)", "top-1 (%)")
        drawing.panels[0].legend(frameon=False, fontsize=8, loc="lower right")
        return drawing.plot("accuracy-macs", "Accuracy against MACs", _finding(dots))


def _dots(measurements: Sequence[Measurement]) -> dict[str, list[TrainingDot]]:
    """The training runs on arrow-of-time whose MACs are measured, by group of classes."""
    index = Index(measurements)
    found: dict[str, list[TrainingDot]] = {}
    for m in measurements:
        if m.label != TRAINED or m.status != "ok" or m.point.dataset != NAME:
            continue
        cost = index.figure(MACS, m.point)
        if cost is None:
            continue
        for group in ("", *m.details.get("group_sizes", {})):
            top1, (low, high) = mean(m.answers(group)), m.interval_of(group)
            found.setdefault(group or ALL, []).append(
                TrainingDot(
                    m.point.network, m.point.frames, cost / 1e6, top1, top1 - low, high - top1
                )
            )
    return found


def _draw_panel(
    drawing: Drawing,
    axes: Axes,
    dots: Sequence[TrainingDot],
    frames: Sequence[int],
    colours: Colours,
) -> None:
    """A dot with its interval for each seed, and a line through the means of the seeds."""
    axes.axhline(
        ORDER_BLIND, color=QUIET, linestyle="--", linewidth=1, label="limit without frame order"
    )
    for network in sorted({dot.network for dot in dots}):
        own = [dot for dot in dots if dot.network == network]
        costs = sorted({dot.macs for dot in own})
        means = [mean(dot.top1 for dot in own if dot.macs == cost) for cost in costs]
        axes.plot(costs, means, color=colours[network], label=network)
        axes.errorbar(
            [dot.macs for dot in own],
            [dot.top1 for dot in own],
            yerr=[[dot.below for dot in own], [dot.above for dot in own]],
            color=colours[network],
            elinewidth=1,
            linestyle="",
        )
        for count in frames:
            these = [dot for dot in own if dot.frames == count]
            drawing.points(
                axes,
                [dot.macs for dot in these],
                [dot.top1 for dot in these],
                [
                    f"{network}, {count_text(count, 'frame')}: {d.top1:.1f} % at {d.macs:.0f} MMACs"
                    for d in these
                ],
                color=colours[network],
                marker=MARKERS[frames.index(count) % len(MARKERS)],
            )
    for number, marker in zip(frames, MARKERS, strict=False):
        axes.plot(
            [], [], color=QUIET, linestyle="", marker=marker, label=count_text(number, "frame")
        )
    axes.set_xlim(0, 1.08 * max(dot.macs for dot in dots))


def _finding(dots: dict[str, list[TrainingDot]]) -> str:
    """The mean over the seeds at the longest clips of each panel, best first."""
    sentences = []
    for group, found in dots.items():
        most = max(dot.frames for dot in found)
        longest = [dot for dot in found if dot.frames == most]
        means = {
            network: mean(dot.top1 for dot in longest if dot.network == network)
            for network in sorted({dot.network for dot in longest})
        }
        ordered = sorted(means.items(), key=lambda item: -item[1])
        figures = ", ".join(f"{network} {top1:.0f} %" for network, top1 in ordered)
        sentences.append(f"{group.capitalize()} at {count_text(most, 'frame')}: {figures}.")
    return " ".join(sentences)
