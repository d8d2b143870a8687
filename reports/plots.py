"""Costs against the number of frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import mean
from textwrap import wrap

import pandas as pd
from matplotlib.axes import Axes

from reports.drawing import AS_PUBLISHED, INK, QUIET, Colours, Drawing, Plot, frame, logarithmic
from reports.tables import three_digits

PUBLISHED = "formulation=published"  # options
SETTING = ["input_size", "num_classes", "batch", "execution", "memory_format"]
SAME_END = 0.06  # lines that end closer than this share of their height share one label
LABEL_PT = 11  # what a line of a label takes, a little more than its letters
LABEL_LETTERS = 32  # in a line of it
LABEL_AT_PT = 10  # right of the end of its line
# From the left of a label to its line; cut off at neither, which takes long.
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
MOST_LINES = 10  # of a panel, to be told apart
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
    data = rows.assign(shown=rows["value"] / series.scale)
    panels = _panels(data)
    margins = (0.8, LABELS_IN, 0.6, 0.4)
    with Drawing(len(panels), width=3.4, height=3.1, margins=margins) as drawing:
        for axes, (title, own) in zip(drawing.panels, panels, strict=True):
            axes.set_title(title)
            _draw_lines(drawing, axes, own, series, colours)
        for axes, (_, own) in zip(drawing.panels, panels, strict=True):  # now of one height
            _label_lines(axes, own)
            counts = own["frames"].value_counts()
            # No number where one line alone has a point.
            ticks = counts[counts >= min(2, counts.max())].index
            frame(axes, "frames of a clip", series.label, ticks=ticks)
        batch = f", batch {data['batch'].iloc[0]}" if series.machine else ""
        return drawing.plot(series.id, series.title + batch, _finding(panels, data, series))


def _panels(data: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The title and the rows of each; networks that come in one depth stand beside each depth.

    Where there are more than `MOST_LINES`, those whose clips are all short are left out, and with
    them depths that have no others; then those of the fewest clips.
    """
    in_one = data["depth"].isna()
    if in_one.all():
        return [("networks of one depth", _legible(data, _longest(data)))]
    longest = _longest(data[~in_one])
    panels = []
    for depth in sorted(data["depth"].dropna().unique()):
        rows = _legible(data[in_one | data["depth"].eq(depth)], longest)
        if rows["depth"].notna().any():
            panels.append((f"depth {depth}", rows))
    return panels


def _longest(data: pd.DataFrame) -> int:
    """The frames of the longest clip that three networks have, or all where there are fewer."""
    networks = data.groupby("frames")["network"].nunique()
    shared = networks[networks >= min(3, data["network"].nunique())]
    return int(max(shared.index, default=data["frames"].min()))


def _legible(rows: pd.DataFrame, longest: int) -> pd.DataFrame:
    """The lines of a panel that can be told apart; those of its depth before others."""
    lines = rows.groupby(LINE, dropna=False)["frames"].agg(["max", "size"]).reset_index()
    if len(lines) <= MOST_LINES:
        return rows
    lines["own"] = lines["depth"].notna()
    long = lines[lines["max"] >= longest / 2]
    ranked = long.sort_values(["own", "size"], ascending=False, kind="stable")
    return rows.merge(ranked[LINE].head(MOST_LINES), on=LINE)


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
    lines: dict[tuple[str, str], list[tuple[int, float, str]]] = {}
    rows = data.sort_values("frames")
    for network, depth, frames, shown in rows[["network", "depth", "frames", "shown"]].values:
        name = network if pd.isna(depth) else f"{network}, depth {depth}"
        says = f"{name}, {frames} frames: {three_digits(shown)} {series.unit}"
        lines.setdefault((network, name), []).append((frames, shown, says))
    for (network, _), points in lines.items():
        x, y, all_say = zip(*points, strict=True)
        drawing.points(
            axes,
            x,
            y,
            all_say,
            line="--" if network.endswith(AS_PUBLISHED) else "-",
            color=colours[network],
            marker="o",
            markersize=5,
        )
    logarithmic(axes)


def _label_lines(axes: Axes, data: pd.DataFrame) -> None:
    """Write each network's name right of all lines, no name upon another."""
    ends = data.sort_values("frames").groupby(LINE, dropna=False).tail(1)
    groups = _label_groups(ends.sort_values(["shown", "network"]))
    texts = [wrap(", ".join(names), LABEL_LETTERS) for _, _, names in groups]
    points_per_pixel = 72 / axes.figure.dpi
    at = [axes.transData.transform((x, y)) * points_per_pixel for x, y, _ in groups]
    right, top = max(x for x, _ in at), axes.bbox.y1 * points_per_pixel
    places = spread([y for _, y in at], [LABEL_PT * len(lines) for lines in texts], top)
    for (x, y, _), lines, end, place in zip(groups, texts, at, places, strict=True):
        is_beside = end[0] == right and abs(place - end[1]) < LABEL_PT / 2
        axes.annotate(
            "\n".join(lines),
            (x, y),
            xytext=(right - end[0] + LABEL_AT_PT, place - end[1]),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=9,
            arrowprops=None if is_beside else LEADER,
            annotation_clip=False,
        )


def spread(wanted: Sequence[float], heights: Sequence[float], top: float) -> list[float]:
    """The middles of labels as near as can be to those `wanted`, which rise, without overlap.

    Labels that touch form a block, whose middles are on average where they are wanted; none reaches
    above `top`.
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
    """Where each label stands and which networks it names; lines that end together share one."""
    groups: list[tuple[float, float, list[str]]] = []
    for name, x, y in zip(ends["network"], ends["frames"], ends["shown"], strict=True):
        if groups and x == groups[-1][0] and y / groups[-1][1] - 1 < SAME_END:
            groups[-1][2].append(name)
        else:
            groups.append((x, y, [name]))
    return groups


def _finding(panels: Sequence[tuple[str, pd.DataFrame]], data: pd.DataFrame, series: Series) -> str:
    """What each depth's networks need for the longest clip that most have, cheapest first."""
    sentences = []
    for title, rows in panels:
        longest = _longest(rows)
        ends = rows[rows["frames"] == longest].sort_values(["shown", "network"])
        pairs = ends[["network", "shown"]].values
        figures = ", ".join(f"{name} {three_digits(value)}" for name, value in pairs)
        sentences.append(f"{title.capitalize()}, {longest} frames, {series.unit}: {figures}.")
    drawn = pd.concat([rows for _, rows in panels])
    lines, of = (len(rows[LINE].drop_duplicates()) for rows in (drawn, data))
    if lines < of:
        sentences.append(
            f"Left out: {of - lines} of {of} lines, which have fewer clips or shorter ones."
        )
    return " ".join(sentences)
