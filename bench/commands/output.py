"""Output of commands: tables, JSON, and progress bars on stderr."""

import json
import os
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from bench.records.measurement import Measurement, threads_suffix
from bench.text import printable
from suites.cuda_contexts import process_range

FILE_COLUMNS = 200  # the width of a table in a file or a pipe

T = TypeVar("T")


def add_json(parser: ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def print_json(content: Sequence[Any] | dict[str, Any]) -> None:
    """Print a JSON list, or an object."""
    print(json.dumps(content, indent=2))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table that fits the terminal; a wide one if there is no terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for heading in headings:
        table.add_column(heading, overflow="fold")  # a name that is cut off may look like another
    for row in rows:
        table.add_row(*map(_printable, row))
    console = Console(markup=False, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = FILE_COLUMNS
    console.print(table)


def _printable(cell: object) -> str:
    """A cell with its line breaks, each line printable."""
    return "\n".join(map(printable, str(cell).split("\n")))


def format_value(measurement: Measurement) -> str:
    """A value with its unit, or the status and its reason."""
    if measurement.status != "ok":
        return f"{measurement.status}: {measurement.reason}"
    return _format_figure(measurement, measurement.value)


def _format_figure(measurement: Measurement, value: float) -> str:
    match measurement.unit:
        case "bytes":
            return f"{value / 2**20:,.1f} MiB{_reserved(measurement)}"
        case "MACs":
            return f"{value / 1e9:,.2f} GMACs ({value:,})"
        case "seconds":
            return f"{value:,.3f} s{_interval(measurement, ' s')}"
        case "clips/s":
            batch = measurement.details["best"]["batch"]
            return f"{value:,.1f} clips/s at batch {batch}{_interval(measurement)}"
        case "parameters":
            frozen = measurement.details.get("parameters", {}).get("frozen", 0)
            return f"{value:,} parameters" + (f", {frozen:,} of them frozen" if frozen else "")
        case unit:
            return f"{value:,} {unit}"


def _reserved(measurement: Measurement) -> str:
    """For a peak on a GPU: what its allocator reserves, and what the process takes."""
    reserved = measurement.reserved_bytes
    if reserved is None or measurement.instrument == "cpu":  # there is no allocator that reserves
        return ""
    least, most = (size / 2**20 for size in process_range(reserved))
    return (
        f" allocated, {reserved / 2**20:,.1f} MiB reserved, {least:,.0f} to {most:,.0f} MiB process"
    )


def _interval(measurement: Measurement, unit: str = "") -> str:
    """The interval, the threads, and the ratio to the reference with its value in these rounds."""
    low, high = measurement.interval
    saving, reference = "", measurement.reference
    if reference and measurement.has_saving:
        name = reference.point.network
        saving = f"; {name} {reference.value:,.3f}{unit}, {measurement.saving:.2f} times as long"
    return f" ({low:,.3g} to {high:,.3g}{unit}{threads_suffix(measurement.threads)}{saving})"


@contextmanager
def progress_bar(total: int | None, title: str) -> Iterator[Callable[[T], T]]:
    """Show a progress bar on stderr; `total` is None if the number of steps is not known.

    Yields a function that the caller calls with the result of each finished step; it returns that
    result.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=total == 0) as progress:
        bar = progress.add_task(title, total=total)

        def advance(result: T) -> T:
            progress.advance(bar)
            return result

        yield advance
