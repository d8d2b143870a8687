"""Costs against the number of frames, as SVG that stands in the page."""

import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from reports.tables import three_digits

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

Colours = dict[str, tuple[float, float, float]]  # by network

COLOURS = 10  # of the colour-blind safe palette; with more networks, colours must be told apart
PUBLISHED, AS_PUBLISHED = "formulation=published", " as published"  # options, and their label
ONE_DEPTH = 10**6  # stands for the depth of networks that have one only: their panel is the last
SCREEN_PX_PER_PT = 1.6
SETTING = ["input_size", "num_classes", "batch", "execution", "memory_format"]
SAME_END = 0.06  # lines that end closer than this share of their height share one label
LABEL_DISTANCE_PT = 11  # between the middles of two labels, a little more than their height
LABEL_SPACE = 0.7  # between two panels, for the labels, as a share of a panel's width
STYLE: "dict[RcKeyType, Any]" = {
    "svg.fonttype": "none",  # text stays text: it scales, is searchable and needs no font file
    "svg.hashsalt": "blvbench",  # the same data give the same bytes
    "text.parse_math": False,  # what stands between dollar signs is a name like any other
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@dataclass(frozen=True)
class Plot:
    """An SVG element, its heading, a sentence that says what it shows, and what was drawn."""

    id: str
    title: str
    finding: str
    svg: str
    figure: Figure = field(repr=False, compare=False)
    panels: int = 1


@dataclass(frozen=True)
class Series:
    """Which measurements of a machine, or of none, a plot shows, and how it names them.

    `column` holds their figures.
    """

    id: str
    title: str
    query: str
    label: str
    scale: float
    unit: str
    column: str = "value"
    machine: str = ""


COSTS = (
    Series(
        "macs",
        "MACs against frames",
        "quantity == 'macs' and instrument == 'flop_counter'",
        "MACs per clip (G)",
        1e9,
        "GMACs",
    ),
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


def draw_plots(
    measurements: pd.DataFrame, wanted: Sequence[Series], others: Iterable[str] = ()
) -> tuple[list[Plot], Colours]:
    """A plot for every series that has lines to draw: one panel a depth, one line a network.

    And the colour that each network has in all of them, with networks of `others` plots.
    """
    chosen = [(series, _chosen(series, measurements)) for series in wanted]
    drawn = [(series, rows) for series, rows in chosen if rows["frames"].nunique() > 1]
    networks = sorted({name for _, rows in drawn for name in rows["network"]} | set(others))
    name = "colorblind" if len(networks) <= COLOURS else "husl"
    colours = dict(zip(networks, sns.color_palette(name, len(networks)), strict=True))
    return [_draw(series, rows, colours) for series, rows in drawn], colours


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


def _draw(series: Series, chosen: pd.DataFrame, colours: Colours) -> Plot:
    depth = chosen["depth"].fillna(ONE_DEPTH)
    data = chosen.assign(shown=chosen[series.column] / series.scale, depth=depth)
    depths = sorted(data["depth"].unique())
    with mpl.rc_context(), sns.axes_style("whitegrid"):
        mpl.rcParams.update(STYLE)
        figure, panels = plt.subplots(
            1, len(depths), figsize=(5.2 * len(depths), 4), sharey=True, squeeze=False
        )
        try:
            for axes, depth in zip(panels[0], depths, strict=True):
                _draw_lines(axes, data[data["depth"] == depth], colours)
                axes.set_title(_depth_label(depth))
                axes.set_xlabel("frames of a clip")
            panels[0][0].set_ylabel(series.label)
            figure.subplots_adjust(wspace=LABEL_SPACE)
            for axes, depth in zip(panels[0], depths, strict=True):
                _label_lines(axes, data[data["depth"] == depth], colours)
            svg = to_svg(figure, series.id)
        finally:
            plt.close(figure)
    batch = f", batch {data['batch'].iloc[0]}" if series.machine else ""
    title, finding = series.title + batch, _finding(data, series)
    return Plot(series.id, title, finding, svg, figure, len(depths))


def _most_common_setting(chosen: pd.DataFrame) -> pd.DataFrame:
    """The rows of the setting that most rows have, so that lines compare."""
    settings = chosen.groupby(SETTING)
    return max((rows for _, rows in settings), key=len, default=chosen)


def _draw_lines(axes: Axes, data: pd.DataFrame, colours: Colours) -> None:
    sns.lineplot(
        data=data,
        x="frames",
        y="shown",
        hue="network",
        style="network",
        palette=colours,
        hue_order=list(colours),
        style_order=list(colours),
        markers=True,
        legend=False,
        ax=axes,
    )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    lines = data.groupby("frames")["network"].nunique()
    axes.set_xticks(
        lines[lines >= min(2, lines.max())].index
    )  # not where one line alone has a point
    plain_ticks(axes)


def plain_ticks(axes: Axes) -> None:
    """Write the numbers of logarithmic axes out, and nothing between them."""
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}" if v >= 1 else f"{v:.3g}"))
        axis.set_minor_locator(NullLocator())


def _label_lines(axes: Axes, data: pd.DataFrame, colours: Colours) -> None:
    """Write each network's name behind the end of its line, no name upon another."""
    ends = data.sort_values("frames").groupby("network").tail(1).sort_values(["shown", "network"])
    points_per_pixel = 72 / axes.figure.dpi
    lowest_pt = -math.inf
    for x, y, names in _label_groups(ends):
        height_pt = axes.transData.transform((x, y))[1] * points_per_pixel
        lowest_pt = max(height_pt, lowest_pt + LABEL_DISTANCE_PT)
        axes.annotate(
            ", ".join(names),
            (x, y),
            xytext=(8, lowest_pt - height_pt),
            textcoords="offset points",
            va="center",
            color=colours[names[0]] if len(names) == 1 else "0.2",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
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


def to_svg(figure: Figure, ident: str) -> str:
    """The figure as an SVG element whose ids are unlike those of the page's other plots."""
    buffer = io.StringIO()
    figure.savefig(
        buffer, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None}
    )
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="', f'id="{ident}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{ident}-", svg)
    size = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    assert size is not None
    width = SCREEN_PX_PER_PT * float(size.group(1))  # a small figure is not blown up
    labelled = f'role="img" aria-labelledby="{ident}-finding" style="max-width:{width:.0f}px"'
    return svg.replace(size.group(0), labelled, 1)
