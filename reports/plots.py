"""Costs against the number of frames."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

import pandas as pd
from matplotlib.axes import Axes

from reports.drawing import AS_PUBLISHED, INK, QUIET, Colours, Drawing, Plot, frame, logarithmic
from reports.tables import three_digits

PUBLISHED = "formulation=published"  # options
ONE_DEPTH = 10**6  # stands for the depth of networks that have one only: their panel is the last
SETTING = ["input_size", "num_classes", "batch", "execution", "memory_format"]
SAME_END = 0.06  # lines that end closer than this share of their height share one label
LABEL_PT = 11  # what a line of a label takes, a little more than its letters
LABEL_LETTERS = 32  # in a line of it
# From a label to its line; cut off at neither, which takes long.
LEADER = {"arrowstyle": "-", "color": QUIET, "linewidth": 0.5, "shrinkA": 0, "patchA": None}
LABELS_IN = 2.3  # right of a panel, for such a line


@dataclass(frozen=True)
class Series:
    """Which measurements of a machine, or of none, a plot shows, and how it names them."""

    id: str
    title: str
    query: str
    label: str
    scale: float
    unit: str
    machine: str = ""


MACS = Series(
    "macs",
    "MACs against frames",
    "quantity == 'macs' and instrument == 'flop_counter'",
    "MACs per clip (G)",
    1e9,
    "GMACs",
)
COSTS = (
    MACS,
    Series(
        "memory-train",
        "Training memory against frames, batch 8",
        "quantity == 'memory' and instrument == 'simulated' and batch == 8 and mode == 'train'"
        " and precision == 'fp32'",
        "simulated peak (GiB)",
        2**30,
        "GiB",
    ),
    Series(
        "memory-infer",
        "Inference memory against frames, batch 8",
        "quantity == 'memory' and instrument == 'simulated' and batch == 8 and mode == 'infer'"
        " and precision == 'fp32'",
        "simulated peak (GiB)",
        2**30,
        "GiB",
    ),
)


def chosen(
    measurements: pd.DataFrame, wanted: Sequence[Series]
) -> list[tuple[Series, pd.DataFrame]]:
    """The series that have lines to draw, and their rows."""
    rows = ((series, _chosen(series, measurements)) for series in wanted)
    return [(series, own) for series, own in rows if own["frames"].nunique() > 1]


def draw(series: Series, rows: pd.DataFrame, colours: Colours) -> Plot:
    """One panel a depth, one line a network."""
    depth = rows["depth"].fillna(ONE_DEPTH)
    data = rows.assign(shown=rows["value"] / series.scale, depth=depth)
    depths = sorted(data["depth"].unique())
    margins = (0.8, LABELS_IN, 0.6, 0.4)
    with Drawing(len(depths), width=3.4, height=3.1, margins=margins) as drawing:
        panels = [
            (axes, depth, data[data["depth"] == depth])
            for axes, depth in zip(drawing.panels, depths, strict=True)
        ]
        for axes, depth, own in panels:
            axes.set_title(_depth_label(depth))
            _draw_lines(drawing, axes, own, series, colours)
        for axes, _, own in panels:  # whose heights are one by now
            _label_lines(axes, own)
            counts = own["frames"].value_counts()
            # No number where one line alone has a point.
            ticks = counts[counts >= min(2, counts.max())].index
            frame(axes, "frames of a clip", series.label, ticks=ticks)
        batch = f", batch {data['batch'].iloc[0]}" if series.machine else ""
        return drawing.plot(series.id, series.title + batch, _finding(data, series))


def line_name(network: str, options: str) -> str:
    """What a network is called in plots: the published formulation is a line of its own."""
    return network + AS_PUBLISHED if options == PUBLISHED else network


def _chosen(series: Series, measurements: pd.DataFrame) -> pd.DataFrame:
    """The rows of a series, of the one setting that most of them have.

    Of options, only the published formulation is a line of its own, where it costs something else.
    """
    rows = measurements[measurements["machine"] == series.machine]
    rows = rows.query(f"value > 0 and options in ['', @PUBLISHED] and {series.query}")
    rows = _most_common_setting(rows)
    own, published = rows[rows["options"] == ""], rows[rows["options"] == PUBLISHED]
    both = published.merge(own, on=["network", "depth", "frames"], suffixes=("", "_own"))
    same = both[(both["value"] / both["value_own"] - 1).abs() < SAME_END]["network"]
    differing = published[~published["network"].isin(same)]
    return pd.concat([own, differing.assign(network=differing["network"] + AS_PUBLISHED)])


def _most_common_setting(chosen: pd.DataFrame) -> pd.DataFrame:
    """The rows of the setting that most rows have, so that lines compare."""
    settings = chosen.groupby(SETTING)
    return max((rows for _, rows in settings), key=len, default=chosen)


def _draw_lines(
    drawing: Drawing, axes: Axes, data: pd.DataFrame, series: Series, colours: Colours
) -> None:
    lines: dict[str, list[tuple[int, float]]] = {}
    for network, frames, shown in data[["network", "frames", "shown"]].sort_values("frames").values:
        lines.setdefault(network, []).append((frames, shown))
    depth = _depth_label(data["depth"].iloc[0])
    for network, points in lines.items():
        says = [
            f"{network}, {depth}, {frames} frames: {three_digits(shown)} {series.unit}"
            for frames, shown in points
        ]
        line = "--" if network.endswith(AS_PUBLISHED) else "-"
        x, y = zip(*points, strict=True)
        drawing.points(
            axes, x, y, says, line=line, color=colours[network], marker="o", markersize=5
        )
    logarithmic(axes)


def _label_lines(axes: Axes, data: pd.DataFrame) -> None:
    """Write each network's name behind the end of its line, no name upon another."""
    ends = data.sort_values("frames").groupby("network").tail(1).sort_values(["shown", "network"])
    points_per_pixel = 72 / axes.figure.dpi
    top_pt = -math.inf  # of the label below
    for x, y, names in _label_groups(ends):
        lines = wrap(", ".join(names), LABEL_LETTERS)
        half_pt = LABEL_PT * len(lines) / 2
        end_pt = axes.transData.transform((x, y))[1] * points_per_pixel
        middle_pt = max(end_pt, top_pt + half_pt)
        top_pt = middle_pt + half_pt
        axes.annotate(
            "\n".join(lines),
            (x, y),
            xytext=(8, middle_pt - end_pt),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=9,
            arrowprops=LEADER if middle_pt - end_pt > LABEL_PT / 2 else None,
            annotation_clip=False,
        )


def _label_groups(ends: pd.DataFrame) -> list[tuple[float, float, list[str]]]:
    """Where each label stands and which networks it names; lines that end together share one."""
    groups: list[tuple[float, float, list[str]]] = []
    for name, x, y in zip(ends["network"], ends["frames"], ends["shown"], strict=True):
        if groups and x == groups[-1][0] and y / groups[-1][1] - 1 < SAME_END:
            groups[-1][2].append(name)
        else:
            groups.append((x, y, [name]))
    return groups


def _depth_label(depth: int) -> str:
    return "networks of one depth" if depth == ONE_DEPTH else f"depth {depth}"


def _finding(data: pd.DataFrame, series: Series) -> str:
    """What the plot says of the longest clip: what each depth's networks need, cheapest first."""
    longest = data[data["frames"] == data["frames"].max()].sort_values(["shown", "network"])
    sentences = []
    for depth, rows in longest.groupby("depth"):
        figures = [
            f"{name} {three_digits(value)}" for name, value in rows[["network", "shown"]].values
        ]
        frames = rows["frames"].iloc[0]
        where = f"{_depth_label(depth).capitalize()}, {frames} frames"
        sentences.append(f"{where}, {series.unit}: {', '.join(figures)}.")
    return " ".join(sentences)
