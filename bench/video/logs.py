"""Logs of a training run: loss and learning rate of each step, as CSV and for TensorBoard."""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.errors import BenchError, UnsupportedError
from bench.video.training import OnStep

COLUMNS = ("step", "loss", "learning_rate")
LOGGED = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?|nan|-?inf", re.ASCII)


@contextmanager
def open_logs(table: Path | None, events: Path | None, *, done: int) -> Iterator[OnStep]:
    """Open the CSV file `table` and the TensorBoard folder `events`, if they are given.

    Yields a function that logs a step with its loss and learning rate. If a training run continues
    after `done` steps, the lines of these are kept. Raises `BenchError` if a log cannot be written,
    `UnsupportedError` if TensorBoard is not installed.
    """
    with ExitStack() as opened:
        writers = [
            opened.enter_context(open_log(path, done))
            for path, open_log in ((table, _table), (events, _events))
            if path is not None
        ]

        def write(step: int, loss: float, rate: float) -> None:
            for writer in writers:
                writer(step, loss, rate)

        yield write


@contextmanager
def _table(path: Path, done: int) -> Iterator[OnStep]:
    with _report_errors(path):
        kept = _lines(path, done) if path.exists() else []
        file = path.open("w", newline="", encoding="utf-8")
    with file:
        writer = csv.writer(file)

        def write_lines(*lines: Sequence[object]) -> None:
            with _report_errors(path):
                writer.writerows(lines)
                file.flush()  # so that the file is current during training

        write_lines(COLUMNS, *kept)
        yield lambda *step: write_lines(step)


@contextmanager
def _report_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BenchError(f"{path}: cannot be written ({error.strerror}): give another") from error


def _lines(path: Path, done: int) -> list[list[str]]:
    """The lines of the first `done` steps. Raises `BenchError` for a file that is not a log."""
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        if file.readline().strip() not in ("", ",".join(COLUMNS)):
            raise BenchError(
                f"{path}: exists and is not a log of a training run: give another file"
            )
        try:
            lines = [line for line in csv.reader(file) if _is_step(line)]
        except csv.Error as error:
            raise BenchError(
                f"{path}: is not a log of a training run ({error}): give another file"
            ) from error
    return [line for line in lines if float(line[0]) <= done]


def _is_step(line: Sequence[str]) -> bool:
    """Whether these are three numbers: a spreadsheet may read anything else as a formula."""
    return len(line) == len(COLUMNS) and all(map(LOGGED.fullmatch, line))


@contextmanager
def _events(folder: Path, done: int) -> Iterator[OnStep]:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UnsupportedError(
            'TensorBoard is not installed: python -m pip install -e ".[tensorboard]"'
        ) from error
    with _report_errors(folder):
        writer = SummaryWriter(str(folder), purge_step=done + 1)
    with writer:

        def write(step: int, loss: float, rate: float) -> None:
            with _report_errors(folder):
                writer.add_scalar("loss", loss, step)
                writer.add_scalar("learning_rate", rate, step)

        yield write
