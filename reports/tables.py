"""The tables of the report: headings, and cells with the numbers that they are sorted by."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from suites.cuda_contexts import process_range

CLIP_FIELDS = ["network", "depth", "options", "frames", "input_size", "num_classes"]
POINT_FIELDS = [
    "network",
    "depth",
    "options",
    "frames",
    "batch",
    "mode",
    "precision",
    "input_size",
    "num_classes",
    "step",
]
SHORT_HEADINGS = {"input_size": "input px", "num_classes": "classes"}
SETTINGS = ("batch", "mode", "precision")  # move to the caption if all rows share them

Formatter = Callable[[float], str]
Figures = dict[str, tuple[str, Formatter]]  # column -> its heading, and how to write a value


def format_count(value: float) -> str:
    """A whole number, with commas."""
    return f"{value:,.0f}"


def format_digits(value: float) -> str:
    """Three significant digits, or all digits of a number from 1,000 on; never an exponent."""
    return format_count(value) if value >= 1000 else f"{value:.3g}"


def format_mega(value: float) -> str:
    """A number in units of 10^6."""
    return f"{value / 1e6:,.2f}"


def format_giga(value: float) -> str:
    """A number in units of 10^9."""
    return f"{value / 1e9:,.2f}"


def format_mib(size_bytes: float) -> str:
    """A size in MiB."""
    return format_count(size_bytes / 2**20)


def format_process(reserved_bytes: float) -> str:
    """What a process takes of a GPU, from the smallest to the largest context, in MiB."""
    return " to ".join(map(format_mib, process_range(reserved_bytes)))


@dataclass(frozen=True)
class Cell:
    """The text of a cell, and the number that it is sorted by, if it holds one."""

    text: str
    number: float | None = None


NOT_MEASURED = Cell("not measured")
EMPTY = Cell("")  # there can be no figure


def count_cell(count: int | None) -> Cell:
    """A cell with a whole number; empty for None, as the depth of a network of one depth."""
    return EMPTY if count is None else Cell(str(count), count)


@dataclass(frozen=True)
class Column:
    """A heading and a cell for each row."""

    heading: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A caption, headings, rows and notes. The report leaves out a table without rows."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Whether each column has figures."""
        columns = zip(*self.rows, strict=True)
        return tuple(any(cell.number is not None for cell in column) for column in columns)

    def compact(self, may_share: Sequence[str] = SETTINGS) -> "Table":
        """This table without its empty columns.

        A column of `may_share` with the same value in all rows moves to the caption.
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

    def with_columns(self, columns: Sequence[Column], notes: tuple[str, ...]) -> "Table":
        """This table with more columns and notes."""
        headings = (*self.headings, *(column.heading for column in columns))
        rows = (
            (*row, *(column.cells[position] for column in columns))
            for position, row in enumerate(self.rows)
        )
        return Table(self.caption, headings, tuple(rows), (*self.notes, *notes))


def clips_frame(measurements: pd.DataFrame) -> pd.DataFrame:
    """Parameters and MACs of every network and clip. Batch and mode do not matter."""
    macs = _values(measurements, "macs", "flop_counter", CLIP_FIELDS)
    params = _values(measurements, "params", "shapes", CLIP_FIELDS)
    return macs.merge(params, how="outer", on=CLIP_FIELDS).sort_values(CLIP_FIELDS)


def clips_table(clips: pd.DataFrame) -> Table:
    """A row for each row of `clips_frame`."""
    figures: Figures = {
        "params": ("params (M)", format_mega),
        "macs": ("MACs (G)", format_giga),
    }
    return _table("networks and clips", clips, figures)


def memory_frame(measurements: pd.DataFrame) -> pd.DataFrame:
    """The simulated peak of every point, and what the allocator reserves for it."""
    columns = [*POINT_FIELDS, "reserved"]
    return _values(measurements, "memory", "simulated", columns).sort_values(POINT_FIELDS)


def memory_table(memory: pd.DataFrame) -> Table:
    """A row for each row of `memory_frame`."""
    figures: Figures = {
        "memory": ("allocated (MiB)", format_mib),
        "reserved": ("reserved (MiB)", format_mib),
        "process": ("process (MiB)", format_process),
    }
    return _table("points", memory.assign(process=memory["reserved"]), figures)


def counters_table(measurements: pd.DataFrame) -> Table:
    """The MACs of each point that both counters counted."""
    first = _values(measurements, "macs", "flop_counter", CLIP_FIELDS)
    second = _values(measurements, "macs", "fvcore", CLIP_FIELDS)
    merged = first.merge(second, on=CLIP_FIELDS, suffixes=("_flops", "_fvcore"))
    merged["difference"] = merged["macs_flops"] - merged["macs_fvcore"]
    figures: Figures = {
        "macs_flops": ("MACs by FlopCounterMode", format_count),
        "macs_fvcore": ("MACs by fvcore", format_count),
        "difference": ("difference", format_count),
    }
    return _table("points counted twice", merged, figures)


def _values(
    measurements: pd.DataFrame, quantity: str, instrument: str, keys: list[str]
) -> pd.DataFrame:
    """The values of a quantity by one instrument, with the fields `keys` of their points."""
    wanted = measurements.query(
        "quantity == @quantity and instrument == @instrument and status == 'ok'"
    )
    return wanted[[*keys, "value"]].rename(columns={"value": quantity})


def _table(title: str, frame: pd.DataFrame, figures: Figures) -> Table:
    """The rows of `frame`. A setting that all rows share moves to the caption."""
    may_share = [
        name for name in ("options", "precision", "step", *SHORT_HEADINGS) if name in frame
    ]
    shared = [name for name in may_share if frame[name].nunique() == 1]
    settings = [
        f"{SHORT_HEADINGS.get(name, name)} {frame[name].iloc[0]}"
        for name in shared
        if frame[name].iloc[0]
    ]
    caption = ", ".join([f"{len(frame)} {title}", *settings])
    keys = [name for name in frame.columns if name not in (*figures, *shared)]
    headings = [SHORT_HEADINGS.get(name, name) for name in keys] + [
        name for name, _ in figures.values()
    ]
    rows = []
    for record in frame.to_dict("records"):
        cells = [_key_cell(record[name]) for name in keys]
        for name, (_, write) in figures.items():
            value = float(record[name])
            cells.append(NOT_MEASURED if math.isnan(value) else Cell(write(value), value))
        rows.append(tuple(cells))
    return Table(caption, tuple(headings), tuple(rows))


def _key_cell(value: object) -> Cell:
    if value is None or value is pd.NA:  # the depth of a network that has one only
        return EMPTY
    return Cell(str(value), float(value) if isinstance(value, int) else None)
