"""Accuracy against MACs: of all classes, and of each group of them."""

from collections.abc import Sequence
from statistics import mean
from typing import NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.axes import Axes

from bench.records import Measurement
from bench.video.arrow_of_time import NAME
from reports.accuracy import TRAINED, macs_by_point, macs_of
from reports.plots import STYLE, Colours, Plot, to_svg

ALL = "all classes"
BLIND = 50  # percent: what a network reaches at most that is blind to the order of frames
MARKERS = "os^Dv"  # of the numbers of frames


class Dot(NamedTuple):
    """One training: its group's accuracy in percent, MACs per clip, and the end of its interval."""

    network: str
    frames: int
    macs: float
    top1: float
    below: float
    above: float


def networks_trained(measurements: Sequence[Measurement]) -> set[str]:
    """The networks that the plot will have."""
    return {dot.network for dots in _dots(measurements).values() for dot in dots}


def draw_accuracies(measurements: Sequence[Measurement], colours: Colours) -> Plot | None:
    """A panel for all classes and for each group, a line for each network; None without any."""
    dots = _dots(measurements)
    if not dots:
        return None
    frames = sorted({dot.frames for found in dots.values() for dot in found})
    with mpl.rc_context(), sns.axes_style("whitegrid"):
        mpl.rcParams.update(STYLE)
        figure, panels = plt.subplots(
            1, len(dots), figsize=(3.6 * len(dots), 4), sharey=True, squeeze=False
        )
        try:
            for axes, (group, found) in zip(panels[0], dots.items(), strict=True):
                _draw_panel(axes, found, frames, colours)
                axes.set_title(group)
                axes.set_xlabel("MACs per clip (M)")
            panels[0][0].set_ylabel("top-1 (%)")
            panels[0][0].set_ylim(0, 102)
            handles, names = panels[0][0].get_legend_handles_labels()
            panels[0][-1].legend(
                handles, names, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5)
            )
            svg = to_svg(figure, "accuracy-macs")
        finally:
            plt.close(figure)
    finding = _finding(dots)
    return Plot("accuracy-macs", "Accuracy against MACs", finding, svg, figure, len(dots))


def _dots(measurements: Sequence[Measurement]) -> dict[str, list[Dot]]:
    """Of every training on the generated set whose MACs are known, by group."""
    macs = macs_by_point(measurements)
    found: dict[str, list[Dot]] = {}
    for m in measurements:
        if m.label != TRAINED or m.status != "ok" or m.point.dataset != NAME:
            continue
        cost = macs.get(macs_of(m.point))
        if cost is None:
            continue
        for group in ("", *m.details.get("group_sizes", {})):
            top1, (low, high) = mean(m.answers(group)), m.interval_of(group)
            found.setdefault(group or ALL, []).append(
                Dot(m.point.network, m.point.frames, cost / 1e6, top1, top1 - low, high - top1)
            )
    return found


def _draw_panel(axes: Axes, dots: Sequence[Dot], frames: Sequence[int], colours: Colours) -> None:
    """A dot for each seed, with its interval; a line through the means of the seeds."""
    axes.axhline(BLIND, color="0.4", linestyle="--", linewidth=1, label="blind to order, at most")
    for network in sorted({dot.network for dot in dots}):
        own = [dot for dot in dots if dot.network == network]
        costs = sorted({dot.macs for dot in own})
        means = [mean(dot.top1 for dot in own if dot.macs == cost) for cost in costs]
        axes.plot(costs, means, color=colours[network], label=network)
        for dot in own:
            axes.errorbar(
                dot.macs,
                dot.top1,
                yerr=[[dot.below], [dot.above]],
                color=colours[network],
                marker=MARKERS[frames.index(dot.frames) % len(MARKERS)],
                elinewidth=1,
            )
    for number, marker in zip(frames, MARKERS, strict=False):
        axes.plot([], [], color="0.4", linestyle="", marker=marker, label=f"{number} frames")
    axes.set_xlim(0, 1.08 * max(dot.macs for dot in dots))


def _finding(dots: dict[str, list[Dot]]) -> str:
    """What each panel says of the longest clips: the mean of the seeds, best first."""
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
        sentences.append(f"{group.capitalize()} at {most} frames: {figures}.")
    return " ".join(sentences)
