"""How plots are drawn: one style, one colour for each network, and points with labels.

An SVG in the page takes the colours of the page, light or dark; a plot in a file has those below.
"""

import io
import math
import re
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any, Self
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

Colours = dict[str, str]  # by network

# The networks of the paper's comparison have fixed colours: seaborn's palette "colorblind", copied
# because importing seaborn takes half a second.
PAPER_COLOURS = {
    "tsn": "#0173b2",
    "blvnet_tam": "#de8f05",
    "tsm": "#029e73",
    "tam": "#d55e00",
    "i3d_resnet": "#cc78bc",
    "i3d": "#ca9161",
    "s3d_resnet": "#fbafe4",
    "tsn_blnet": "#949494",
    "blvnet": "#ece133",
    "s3d": "#56b4e9",
}
AS_PUBLISHED = " as published"  # ends the name of a network drawn dashed, in its own colour
INK, QUIET, LINE = "#1a1f26", "#565e69", "#d5dae0"
THEMED = {INK: "var(--ink)", QUIET: "var(--quiet)", LINE: "var(--line)"}
COLUMNS = 2  # of panels: more are too small to read on a screen
TICKS_APART = 0.4  # in powers of 2: the numbers of closer ticks touch
SCREEN_PX_PER_PT = 1.6
STYLE: "dict[RcKeyType, Any]" = {
    "svg.fonttype": "none",  # text stays text: it scales, is searchable and needs no font file
    "svg.hashsalt": "blvbench",  # the same data give the same bytes
    "text.parse_math": False,  # a name may contain dollar signs
    "font.family": "sans-serif",
    "axes.titley": 1.02,  # placing titles automatically doubles the time of a panel
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "text.color": INK,
}
UNDATED = {"Date": None, "Creator": None}  # SVG metadata: the same data give the same bytes
SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)


@dataclass(frozen=True)
class Plot:
    """An SVG element, its heading, a sentence with what it shows, and the matplotlib figure."""

    id: str
    title: str
    finding: str
    svg: str
    panels: int
    figure: Figure = field(repr=False, compare=False)


class Drawing:
    """Panels of `width` x `height` inches, `COLUMNS` in a row; used in a `with` statement.

    `margins` are the left, right, bottom and top of each panel, in inches. With `share_y`, all
    panels have the same y axis.
    """

    def __init__(
        self,
        panels: int = 1,
        *,
        width: float,
        height: float,
        margins: tuple[float, float, float, float] = (0.8, 0.2, 0.6, 0.4),
        share_y: bool = True,
    ) -> None:
        left, right, bottom, top = margins
        columns, rows = min(panels, COLUMNS), -(-panels // COLUMNS)
        wide, high = columns * (left + width + right), rows * (bottom + height + top)
        self._style = plot_style()
        with plot_style():
            self.figure = Figure(figsize=(wide, high))
            self.panels: list[Axes] = []
            for place in range(1, panels + 1):
                first = self.panels[0] if self.panels and share_y else None
                self.panels.append(self.figure.add_subplot(rows, columns, place, sharey=first))
        self.figure.subplots_adjust(
            left / wide,
            bottom / high,
            1 - right / wide,
            1 - top / high,
            wspace=(left + right) / width,
            hspace=(bottom + top) / height,
        )
        self._labels: list[Sequence[str]] = []

    def __enter__(self) -> Self:
        self._style.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._style.__exit__(None, None, None)

    def points(
        self,
        axes: Axes,
        x: Sequence[float],
        y: Sequence[float],
        labels: Sequence[str],
        *,
        line: str = "",
        **style: Any,
    ) -> None:
        """Draw a marker with a label at each (x, y), joined by a `line`."""
        gid = f"points-{len(self._labels)}"
        axes.plot(x, y, linestyle=line, gid=gid, clip_on=False, **style)
        self._labels.append(labels)

    def plot(self, ident: str, title: str, finding: str) -> Plot:
        """The drawing as a plot for the page. `ident` makes its ids unique in the page."""
        root = ElementTree.fromstring(render_figure(self.figure, format="svg", metadata=UNDATED))
        for number, labels in enumerate(self._labels):
            (group,) = (g for g in root.iter(f"{{{SVG}}}g") if g.get("id") == f"points-{number}")
            for mark, label in zip(group.iter(f"{{{SVG}}}use"), labels, strict=True):
                mark.attrib.update({"class": "point", "role": "img", "aria-label": label})
        width = SCREEN_PX_PER_PT * float(root.attrib.pop("width").removesuffix("pt"))
        del root.attrib["height"]  # it follows from the width of the page
        root.set("role", "group")
        root.set("aria-labelledby", f"{ident}-finding")
        root.set("style", f"max-width:{width:.0f}px")  # a small figure is not enlarged
        for metadata in root.findall(f"{{{SVG}}}metadata"):
            root.remove(metadata)
        svg = ElementTree.tostring(root, "unicode")
        svg = re.sub(r'\bid="', f'id="{ident}-', svg)
        svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{ident}-", svg)
        svg = re.sub("|".join(THEMED), lambda match: THEMED[match[0]], svg)
        return Plot(ident, title, finding, svg, len(self.panels), self.figure)


def plot_style() -> AbstractContextManager[object]:
    """A context in which matplotlib draws in the style of all plots."""
    return mpl.rc_context(STYLE)


def render_figure(figure: Figure, **options: Any) -> bytes:
    """The content of a file of a figure; `options` are those of `savefig`."""
    buffer = io.BytesIO()
    with plot_style():
        figure.savefig(buffer, **options)
    return buffer.getvalue()


def assign_colours(names: Iterable[str]) -> Colours:
    """A colour for each network: fixed for the paper's networks, from `tab20b` for the others."""
    others = sorted({name.removesuffix(AS_PUBLISHED) for name in names} - PAPER_COLOURS.keys())
    palette = mpl.color_sequences["tab20b"]
    shades = [palette[n] for first in range(4) for n in range(first, len(palette), 4)]
    rest = map(to_hex, cycle(shades))  # neighbours of different hues
    colours = PAPER_COLOURS | dict(zip(others, rest, strict=False))
    return colours | {name + AS_PUBLISHED: colour for name, colour in colours.items()}


def use_log_axes(axes: Axes) -> None:
    """Make both axes logarithmic to base 2."""
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)


def draw_axes(
    axes: Axes, x_label: str, y_label: str, *, ticks: Iterable[float] | None = None
) -> None:
    """Draw the grid, its numbers and the labels of the axes, after all else; `ticks` are of x.

    The axes of matplotlib take three times as long as the rest of a plot.
    """
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    columns = _space_out(ticks) if ticks is not None else _ticks(axes.get_xscale(), left, right)
    rows = _ticks(axes.get_yscale(), low, high)
    axes.set_axis_off()
    across, along = axes.get_xaxis_transform(), axes.get_yaxis_transform()
    grid: dict[str, Any] = {"color": LINE, "linewidth": 0.8, "zorder": 0}
    axes.vlines(columns, 0, 1, transform=across, **grid)
    axes.hlines(rows, 0, 1, transform=along, **grid)
    axes.plot([0, 0, 1], [1, 0, 0], transform=axes.transAxes, color=QUIET, linewidth=0.8, zorder=1)
    write = partial(axes.annotate, textcoords="offset points", color=INK)
    for tick in columns:
        write(_format_tick(tick), (tick, 0), (0, -5), xycoords=across, ha="center", va="top")
    for tick in rows:
        write(_format_tick(tick), (0, tick), (-5, 0), xycoords=along, ha="right", va="center")
    middle: dict[str, Any] = {"xycoords": "axes fraction", "ha": "center", "va": "center"}
    write(x_label, (0.5, 0), (0, -28), **middle)
    write(y_label, (0, 0.5), (-44, 0), rotation=90, **middle)
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)


def _ticks(scale: str, low: float, high: float) -> list[float]:
    locator = LogLocator(base=2) if scale == "log" else MaxNLocator(6, steps=[1, 2, 5, 10])
    return [float(tick) for tick in locator.tick_values(low, high) if low <= tick <= high]


def _space_out(ticks: Iterable[float]) -> list[float]:
    """The ticks whose numbers do not touch on a logarithmic axis."""
    spaced: list[float] = []
    for tick in sorted(ticks):
        if not spaced or math.log2(tick / spaced[-1]) >= TICKS_APART:
            spaced.append(tick)
    return spaced


def _format_tick(tick: float) -> str:
    return f"{tick:g}" if tick >= 1 else f"{tick:.3g}"
