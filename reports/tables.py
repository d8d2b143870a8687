"""The tables of the report, as headings and cells that carry what they sort by."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

POINT = ["network", "depth", "options", "frames", "batch", "mode", "input_size", "num_classes"]
PER_CLIP = ["network", "depth", "options", "frames", "input_size", "num_classes"]
NAMES = {"input_size": "input px", "num_classes": "classes"}


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and the number that it sorts by where it is one."""

    text: str
    number: float | None = None


@dataclass(frozen=True)
class Table:
    """Headings and rows; a table without rows is left out of the report."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def points_table(measurements: pd.DataFrame) -> Table:
    """Parameters, MACs and peak memory of every point with a memory figure."""
    memory = _values(measurements, "memory", "simulated", POINT)
    macs = _values(measurements, "macs", "flop_counter", PER_CLIP)
    params = _values(measurements, "params", "shapes", PER_CLIP)
    merged = memory.merge(macs, how="left", on=PER_CLIP).merge(params, how="left", on=PER_CLIP)
    merged = _without_empty_options(merged.dropna(axis="columns", how="all"))
    figures: dict[str, tuple[str, Callable[[float], str]]] = {
        "params": ("parameters (M)", lambda n: f"{n / 1e6:,.2f}"),
        "macs": ("MACs per clip (G)", lambda n: f"{n / 1e9:,.2f}"),
        "memory": ("peak memory (MiB)", lambda n: f"{n / 2**20:,.0f}"),
    }
    return _table(merged, figures)


def counters_table(measurements: pd.DataFrame) -> Table:
    """The MACs of the same points by both counters."""
    first = _values(measurements, "macs", "flop_counter", PER_CLIP)
    second = _values(measurements, "macs", "fvcore", PER_CLIP)
    merged = first.merge(second, on=PER_CLIP, suffixes=("_flops", "_fvcore"))
    merged["difference"] = merged["macs_flops"] - merged["macs_fvcore"]
    merged = _without_empty_options(merged)
    exact = "{:,.0f}".format
    return _table(
        merged,
        {
            "macs_flops": ("MACs by FlopCounterMode", exact),
            "macs_fvcore": ("MACs by fvcore", exact),
            "difference": ("difference", exact),
        },
    )


def _values(
    measurements: pd.DataFrame, quantity: str, instrument: str, keys: list[str]
) -> pd.DataFrame:
    """The measured values of a quantity by one instrument, with the fields they belong to."""
    wanted = measurements.query(
        "quantity == @quantity and instrument == @instrument and status == 'ok'"
    )
    return wanted[[*keys, "value"]].rename(columns={"value": quantity})


def _without_empty_options(table: pd.DataFrame) -> pd.DataFrame:
    return table if table["options"].any() else table.drop(columns="options")


def _table(frame: pd.DataFrame, figures: dict[str, tuple[str, Callable[[float], str]]]) -> Table:
    keys = [name for name in frame.columns if name not in figures]
    headings = [NAMES.get(name, name) for name in keys] + [name for name, _ in figures.values()]
    rows = []
    for record in frame.to_dict("records"):
        cells = [_key_cell(record[name]) for name in keys]
        for name, (_, show) in figures.items():
            value = float(record.get(name, math.nan))
            cells.append(Cell("not measured") if math.isnan(value) else Cell(show(value), value))
        rows.append(tuple(cells))
    return Table(tuple(headings), tuple(rows))


def _key_cell(value: object) -> Cell:
    return Cell(str(value), float(value) if isinstance(value, int) else None)
