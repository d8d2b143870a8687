"""The tables of the report, as headings and cells that carry what they sort by."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from suites.gpu_memory import GpuPeak

POINT = [
    *("network", "depth", "options", "frames", "batch", "mode"),
    *("precision", "input_size", "num_classes"),
]
PER_CLIP = ["network", "depth", "options", "frames", "input_size", "num_classes"]
NAMES = {"input_size": "input px", "num_classes": "classes"}
PUBLISHED_INPUT_SIZE = 224  # of every published GPU peak

Show = Callable[[float], str]
Figures = dict[str, tuple[str, Show]]  # column -> its heading, and how a value is written

SETTINGS = ("batch", "mode", "precision")  # of points; what all share stands in the caption

exact: Show = "{:,.0f}".format


def three_digits(value: float) -> str:
    """The first three digits that count, never as a power of ten where there are more."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and the number that it sorts by where it is one."""

    text: str
    number: float | None = None


NOT_MEASURED = Cell("not measured")
NOTHING = Cell("")  # where there can be no figure


@dataclass(frozen=True)
class Column:
    """A heading and a cell for each row."""

    heading: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A caption, headings, rows and notes; a table without rows is left out of the report."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Whether a column has figures, of each."""
        columns = zip(*self.rows, strict=True)
        return tuple(any(cell.number is not None for cell in column) for column in columns)

    def compact(self, may_share: Sequence[str] = SETTINGS) -> "Table":
        """This table without the columns that have nothing in any row.

        A setting of `may_share` that all rows have moves from the columns to the caption.
        """
        texts = [{row[n].text for row in self.rows} for n in range(len(self.headings))]
        shared = [
            n
            for n, heading in enumerate(self.headings)
            if heading in may_share and len(texts[n]) == 1
        ]
        kept = [n for n in range(len(self.headings)) if texts[n] - {""} and n not in shared]
        settings = [f"{self.headings[n]} {self.rows[0][n].text}" for n in shared]
        caption = ", ".join([self.caption, *settings])
        headings = tuple(self.headings[n] for n in kept)
        rows = tuple(tuple(row[n] for n in kept) for row in self.rows)
        return Table(caption, headings, rows, self.notes)

    def beside(self, columns: Sequence[Column], notes: tuple[str, ...]) -> "Table":
        """This table with more columns and notes."""
        headings = (*self.headings, *(column.heading for column in columns))
        rows = (
            (*row, *(column.cells[position] for column in columns))
            for position, row in enumerate(self.rows)
        )
        return Table(self.caption, headings, tuple(rows), (*self.notes, *notes))


def clips_frame(measurements: pd.DataFrame) -> pd.DataFrame:
    """Parameters and MACs of every network and clip, whatever the batch and the mode."""
    macs = _values(measurements, "macs", "flop_counter", PER_CLIP)
    params = _values(measurements, "params", "shapes", PER_CLIP)
    return macs.merge(params, how="outer", on=PER_CLIP).sort_values(PER_CLIP)


def clips_table(clips: pd.DataFrame) -> Table:
    """A row for each row of `clips_frame`."""
    figures: Figures = {
        "params": ("params (M)", lambda count: f"{count / 1e6:,.2f}"),
        "macs": ("MACs (G)", lambda count: f"{count / 1e9:,.2f}"),
    }
    return _table("networks and clips", clips, figures)


def memory_frame(measurements: pd.DataFrame) -> pd.DataFrame:
    """The simulated peak of every point."""
    return _values(measurements, "memory", "simulated", POINT).sort_values(POINT)


def memory_table(memory: pd.DataFrame) -> Table:
    """A row for each row of `memory_frame`."""
    figures: Figures = {"memory": ("peak (MiB)", lambda count: f"{count / 2**20:,.0f}")}
    return _table("points", memory, figures)


def counters_table(measurements: pd.DataFrame) -> Table:
    """The MACs of the same points by both counters."""
    first = _values(measurements, "macs", "flop_counter", PER_CLIP)
    second = _values(measurements, "macs", "fvcore", PER_CLIP)
    merged = first.merge(second, on=PER_CLIP, suffixes=("_flops", "_fvcore"))
    merged["difference"] = merged["macs_flops"] - merged["macs_fvcore"]
    figures: Figures = {
        "macs_flops": ("MACs by FlopCounterMode", exact),
        "macs_fvcore": ("MACs by fvcore", exact),
        "difference": ("difference", exact),
    }
    return _table("points counted twice", merged, figures)


def gpu_table(measurements: pd.DataFrame, peaks: list[GpuPeak]) -> Table:
    """Simulated training peaks beside those that were published from real GPUs."""
    simulated = _values(measurements, "memory", "simulated", POINT)
    simulated = simulated.query("mode == 'train' and precision == 'fp32'")
    published = pd.DataFrame(peaks).assign(
        options="", precision="fp32", input_size=PUBLISHED_INPUT_SIZE
    )
    keys = [name for name in POINT if name != "mode"]
    merged = simulated.merge(published, on=keys)[[*keys, "peak_mib", "memory"]]
    merged["error"] = merged["memory"] / 2**20 / merged["peak_mib"] - 1
    figures: Figures = {
        "peak_mib": ("published (MiB)", exact),
        "memory": ("simulated (MiB)", lambda count: f"{count / 2**20:,.0f}"),
        "error": ("error", "{:+.1%}".format),
    }
    return _table("published peaks", merged, figures)


def _values(
    measurements: pd.DataFrame, quantity: str, instrument: str, keys: list[str]
) -> pd.DataFrame:
    """The measured values of a quantity by one instrument, with the fields they belong to."""
    wanted = measurements.query(
        "quantity == @quantity and instrument == @instrument and status == 'ok'"
    )
    return wanted[[*keys, "value"]].rename(columns={"value": quantity})


def _table(rows_of: str, frame: pd.DataFrame, figures: Figures) -> Table:
    """The rows of `frame`; a setting that they all share moves from the columns to the caption."""
    may_share = [name for name in ("options", "precision", *NAMES) if name in frame]
    shared = [name for name in may_share if frame[name].nunique() == 1]
    settings = [
        f"{NAMES.get(name, name)} {frame[name].iloc[0]}" for name in shared if frame[name].iloc[0]
    ]
    caption = ", ".join([f"{len(frame)} {rows_of}", *settings])
    keys = [name for name in frame.columns if name not in (*figures, *shared)]
    headings = [NAMES.get(name, name) for name in keys] + [name for name, _ in figures.values()]
    rows = []
    for record in frame.to_dict("records"):
        cells = [_key_cell(record[name]) for name in keys]
        for name, (_, show) in figures.items():
            value = float(record[name])
            cells.append(NOT_MEASURED if math.isnan(value) else Cell(show(value), value))
        rows.append(tuple(cells))
    return Table(caption, tuple(headings), tuple(rows))


def _key_cell(value: object) -> Cell:
    if value is None or value is pd.NA:  # the depth of a network that has one only
        return Cell("")
    return Cell(str(value), float(value) if isinstance(value, int) else None)
