"""Costs against the number of frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import mean
from textwrap import wrap

import pandas as pd
from matplotlib.axes import Axes

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
from reports.tables import format_digits

PUBLISHED = "formulation=published"  # the options of a row
SETTING = ["input_size", "num_classes", "batch", "execution", "memory_format", "step"]
SAME_END = 0.06  # lines whose last values differ by less than this share have one label
LABEL_PT = 11  # the height of a line of a label
LABEL_LETTERS = 32  # the most in a line of a label
LABEL_AT_PT = 10  # the distance from the end of a line to its label
# From a label to its line. It is not clipped at either end: that is slow.
LEADER = {
    "arrowstyle": "-",
    "color": QUIET,
    "linewidth": 0.5,
    "relpos": (0, 0.5),
    "shrinkA": 1,
    "shrinkB": 3,
    "patchA": None,
}
LINE = ["network", "depth"]
MAX_LINES = 10  # of a panel: more cannot be distinguished
LABELS_IN = 2.3  # the width of the labels, right of a panel


@dataclass(frozen=True)
class Series:
    """The measurements that a plot shows, as a query, and their labels.

    `machine` is "" for figures that depend on no machine.
    """

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


def select_series(
    measurements: pd.DataFrame, candidates: Sequence[Series]
) -> list[tuple[Series, pd.DataFrame]]:
    """The series with values at more than one frame count, each with its rows."""
    rows = ((series, _select_rows(series, measurements)) for series in candidates)
    return [(series, own) for series, own in rows if own["frames"].nunique() > 1]


def draw(series: Series, rows: pd.DataFrame, colours: Colours) -> Plot:
    """Draw a panel for each depth, with a line for each network."""
    data = rows.assign(shown=rows["value"] / series.scale)
    panels = _panels(data)
    margins = (0.8, LABELS_IN, 0.6, 0.4)
    with Drawing(len(panels), width=3.4, height=3.1, margins=margins) as drawing:
        for axes, (title, own) in zip(drawing.panels, panels, strict=True):
            axes.set_title(title)
            _draw_lines(drawing, axes, own, series, colours)
        for axes, (_, own) in zip(drawing.panels, panels, strict=True):  # the y axis is final
            _label_lines(axes, own)
            counts = own["frames"].value_counts()
            # No tick at a frame count that only one line has.
            ticks = counts[counts >= min(2, counts.max())].index
            draw_axes(axes, "frames per clip", series.label, ticks=ticks)
        batch = f", batch {data['batch'].iloc[0]}" if series.machine else ""
        return drawing.plot(series.id, series.title + batch, _finding(panels, data, series))


def _panels(data: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The title and the rows of each panel. Networks of one depth are shown in every panel.

    With more than `MAX_LINES` lines, a panel leaves out the lines that have only short clips, and
    then those with the fewest points. A depth without a line of its own has no panel.
    """
    has_no_depth = data["depth"].isna()
    if has_no_depth.all():
        return [("networks of one depth", _limit_lines(data, _longest(data)))]
    longest = _longest(data[~has_no_depth])
    panels = []
    for depth in sorted(data["depth"].dropna().unique()):
        rows = _limit_lines(data[has_no_depth | data["depth"].eq(depth)], longest)
        if rows["depth"].notna().any():
            panels.append((f"depth {depth}", rows))
    return panels


def _longest(data: pd.DataFrame) -> int:
    """The frames of the longest clip that three networks share, or all if there are fewer."""
    networks = data.groupby("frames")["network"].nunique()
    shared = networks[networks >= min(3, data["network"].nunique())]
    return int(max(shared.index, default=data["frames"].min()))


def _limit_lines(rows: pd.DataFrame, longest: int) -> pd.DataFrame:
    """At most `MAX_LINES` lines for a panel; lines of its depth come before others."""
    lines = rows.groupby(LINE, dropna=False)["frames"].agg(["max", "size"]).reset_index()
    if len(lines) <= MAX_LINES:
        return rows
    lines["own"] = lines["depth"].notna()
    long = lines[lines["max"] >= longest / 2]
    ranked = long.sort_values(["own", "size"], ascending=False, kind="stable")
    return rows.merge(ranked[LINE].head(MAX_LINES), on=LINE)


def line_name(network: str, options: str) -> str:
    """The name of a network in plots, which tells the published formulation apart."""
    return network + AS_PUBLISHED if options == PUBLISHED else network


def _select_rows(series: Series, measurements: pd.DataFrame) -> pd.DataFrame:
    """The rows of a series in its most common setting.

    Networks with options are left out, except the published formulation if its cost differs and it
    has more than one number of frames.
    """
    rows = measurements[measurements["machine"] == series.machine]
    rows = rows.query(f"value > 0 and options in ['', @PUBLISHED] and {series.query}")
    rows = _most_common_setting(rows)
    own, published = rows[rows["options"] == ""], rows[rows["options"] == PUBLISHED]
    counts = published.groupby(LINE, dropna=False)["frames"].transform("nunique")
    published = published[counts > 1]
    both = published.merge(own, on=["network", "depth", "frames"], suffixes=("", "_own"))
    same = both[(both["value"] / both["value_own"] - 1).abs() < SAME_END]["network"]
    differing = published[~published["network"].isin(same)]
    return pd.concat([own, differing.assign(network=differing["network"] + AS_PUBLISHED)])


def _most_common_setting(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the setting that most rows have: lines of one setting can be compared."""
    settings = rows.groupby(SETTING)
    return max((group for _, group in settings), key=len, default=rows)


def _draw_lines(
    drawing: Drawing, axes: Axes, data: pd.DataFrame, series: Series, colours: Colours
) -> None:
    lines: dict[tuple[str, str], list[tuple[int, float, str]]] = {}
    rows = data.sort_values("frames")
    for network, depth, frames, shown in rows[["network", "depth", "frames", "shown"]].values:
        name = network if pd.isna(depth) else f"{network}, depth {depth}"
        label = f"{name}, {count_text(frames, 'frame')}: {format_digits(shown)} {series.unit}"
        lines.setdefault((network, name), []).append((frames, shown, label))
    for (network, _), points in lines.items():
        x, y, labels = zip(*points, strict=True)
        drawing.points(
            axes,
            x,
            y,
            labels,
            line="--" if network.endswith(AS_PUBLISHED) else "-",
            color=colours[network],
            marker="o",
            markersize=5,
        )
    use_log_axes(axes)


def _label_lines(axes: Axes, data: pd.DataFrame) -> None:
    """Write the name of each network right of the lines, without overlap."""
    ends = data.sort_values("frames").groupby(LINE, dropna=False).tail(1)
    groups = _label_groups(ends.sort_values(["shown", "network"]))
    texts = [wrap(", ".join(names), LABEL_LETTERS) for _, _, names in groups]
    points_per_pixel = 72 / axes.figure.dpi
    at = [axes.transData.transform((x, y)) * points_per_pixel for x, y, _ in groups]
    right, top = max(x for x, _ in at), axes.bbox.y1 * points_per_pixel
    places = spread([y for _, y in at], [LABEL_PT * len(lines) for lines in texts], top)
    for (x, y, _), lines, end, place in zip(groups, texts, at, places, strict=True):
        is_level = end[0] == right and abs(place - end[1]) < LABEL_PT / 2
        axes.annotate(
            "\n".join(lines),
            (x, y),
            xytext=(right - end[0] + LABEL_AT_PT, place - end[1]),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=9,
            arrowprops=None if is_level else LEADER,
            annotation_clip=False,
        )


def spread(wanted: Sequence[float], heights: Sequence[float], top: float) -> list[float]:
    """The middles of labels: as near as possible to `wanted`, which is sorted, without overlap.

    Labels that would overlap form a block; the block is centred on the mean of their wanted
    middles. No label reaches above `top`.
    """
    below = [0.0, *accumulate(heights)]
    offsets = [start + height / 2 for start, height in zip(below, heights, strict=False)]
    blocks: list[list[float]] = []
    for middle, offset in zip(wanted, offsets, strict=True):
        blocks.append([middle - offset])
        while len(blocks) > 1 and mean(blocks[-2]) > mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    highest = top - below[-1]
    starts = [min(mean(block), highest) for block in blocks for _ in block]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]


def _label_groups(ends: pd.DataFrame) -> list[tuple[float, float, list[str]]]:
    """The position and the networks of each label. Lines with the same end share a label."""
    groups: list[tuple[float, float, list[str]]] = []
    for name, x, y in zip(ends["network"], ends["frames"], ends["shown"], strict=True):
        if groups and x == groups[-1][0] and y / groups[-1][1] - 1 < SAME_END:
            groups[-1][2].append(name)
        else:
            groups.append((x, y, [name]))
    return groups


def _finding(panels: Sequence[tuple[str, pd.DataFrame]], data: pd.DataFrame, series: Series) -> str:
    """The costs at the longest clip that most networks of a panel have, cheapest first."""
    sentences = []
    for title, rows in panels:
        longest = _longest(rows)
        ends = rows[rows["frames"] == longest].sort_values(["shown", "network"])
        pairs = ends[["network", "shown"]].values
        figures = ", ".join(f"{name} {format_digits(value)}" for name, value in pairs)
        sentences.append(
            f"{title.capitalize()}, {count_text(longest, 'frame')}, {series.unit}: {figures}."
        )
    drawn = pd.concat([rows for _, rows in panels])
    lines, total = (len(rows[LINE].drop_duplicates()) for rows in (drawn, data))
    if lines < total:
        sentences.append(
            f"Not drawn: {total - lines} of {total} lines, with fewer or shorter clips."
        )
    return " ".join(sentences)
