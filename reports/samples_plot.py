"""The raw samples of latencies: a figure for each platform."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from bench.records.measurement import Measurement, threads_suffix
from reports.drawing import INK, QUIET, plot_style
from reports.machines import group_by_platform, machine_id

ROW_IN, FRAME_IN = 0.3, 1.0  # the height of a row, and of the space around the rows
WIDTH_IN = 11


def draw_samples(measurements: Sequence[Measurement]) -> dict[str, Figure]:
    """Figures by name: a row for each latency, a dot for each sample and a bar at the median."""
    timed = group_by_platform(m for m in measurements if m.quantity == "latency")
    return {f"{machine_id(name)}-samples": _draw(found) for name, found in timed.items()}


def _draw(timed: Sequence[Measurement]) -> Figure:
    import seaborn as sns  # importing it takes half a second

    rows = [(str(m.point), seconds) for m in timed for seconds in m.samples]
    data = pd.DataFrame(rows, columns=["point", "seconds"])
    with plot_style():
        figure = Figure(figsize=(WIDTH_IN, FRAME_IN + ROW_IN * len(timed)), layout="constrained")
        axes = figure.add_subplot()
        shared = {"data": data, "x": "seconds", "y": "point", "ax": axes}
        sns.stripplot(**shared, color=QUIET, size=4, jitter=False, alpha=0.5)
        mark = {"marker": "|", "markersize": 16, "linestyle": "none", "color": INK}
        sns.pointplot(**shared, **mark, estimator="median", errorbar=None)
        axes.set_xscale("log")
        axes.minorticks_off()
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel(f"seconds per batch, each sample{threads_suffix(timed[0].threads)}")
        axes.set_ylabel("")
        sns.despine(figure)
    return figure
