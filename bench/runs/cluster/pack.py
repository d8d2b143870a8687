"""The files that a job and the process that waits for it exchange in their common folder.

`NAME.json` is the pack of tasks, `NAME.job` names the job that has it, `NAME.log` is the log of the
job, one line for each event. A pack whose file is gone was withdrawn: its job does nothing.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pydantic import FiniteFloat, ValidationError

from bench.errors import BenchError
from bench.json_file import explain, load_object, write_whole
from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Device, Point
from bench.records.record import Record
from bench.runs.cluster.locks import lock
from suites.fields import Count

ADVICE = "delete it, then run the same command again"
MAX_LINE_BYTES = 64 << 20  # as of a record in a store
PACK, LOG, JOB = ".json", ".log", ".job"
STOP = "stop"  # a file that asks every job to end after the points in flight


class PackedTask(Record):
    """One task of a pack. `losses` counts the lost jobs that it was in flight in."""

    point: Point
    label: str
    losses: int = 0


class Pack(Record):
    """The tasks of a job, in order, and how to measure them.

    Relative paths start from `folder`. `jobs` processes measure tasks whose figures depend on no
    machine. A task that was lost more than `requeues` times is not tried again.
    """

    tasks: tuple[PackedTask, ...]
    pool: str
    folder: str
    jobs: Count
    time_limit_s: FiniteFloat
    job_time_s: FiniteFloat
    requeues: int

    @property
    def device(self) -> Device | None:
        """The device that all its tasks measure on; None where they depend on no machine."""
        return find_instrument(self.tasks[0].label).device


class Done(Record):
    """The result of a task, which is given by its position in the pack."""

    task: int
    identity: str
    measurement: Measurement


class Line(Record):
    """An event of a job: it started, began a task, has its result, or ended by itself."""

    started: bool = False
    begun: int | None = None
    done: Done | None = None
    ended: bool = False


class Log:
    """The log of a job, read as it grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.has_started = False
        self.has_ended = False
        self.begun: Counter[int] = Counter()
        self.done: set[int] = set()
        self._read_bytes = 0

    def news(self) -> Iterator[Done]:
        """The results since the last call. A line that was cut off by a kill is ignored.

        Raises `BenchError` where the file cannot be read.
        """
        for line in self._lines():
            try:
                read = Line.model_validate_json(line)
            except ValidationError:
                continue  # its task has no result: it will be measured again
            self.has_started = True
            self.has_ended = read.ended or (self.has_ended and not read.started)
            if read.begun is not None:
                self.begun[read.begun] += 1
            if read.done is not None and read.done.task not in self.done:
                self.done.add(read.done.task)
                yield read.done

    def losses(self, task: int) -> int:
        """How often the job began a task without finishing it."""
        return 0 if task in self.done else self.begun[task]

    def _lines(self) -> list[bytes]:
        try:
            with self.path.open("rb") as file:  # opened each time: network file systems cache
                file.seek(self._read_bytes)
                content = file.read(MAX_LINE_BYTES)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise BenchError(f"{self.path}: {error.strerror}: check the folder") from error
        whole = content.rfind(b"\n") + 1
        if not whole and len(content) == MAX_LINE_BYTES:
            raise BenchError(f"{self.path}: holds a line without an end: {ADVICE}")
        self._read_bytes += whole
        return content[:whole].splitlines()


class LogWriter:
    """Appends to a log; each line is on the disk before anything else is done."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path = path
        self._file = file

    def write(self, line: Line) -> None:
        """Append one line."""
        self._file.write(line.model_dump_json(exclude_defaults=True).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


@contextmanager
def open_log(path: Path) -> Iterator[LogWriter | None]:
    """Open the log at `path` for appending, locked meanwhile; None while another job has it.

    It starts on a new line, since an earlier job may have been cut off.
    """
    with lock(path) as is_ours, path.open("ab") as file:
        if not is_ours:
            yield None
            return
        if file.tell():
            file.write(b"\n")
        yield LogWriter(path, file)


def write_pack(path: Path, pack: Pack) -> None:
    """Write a pack, whole or not at all. Raises `BenchError` where it cannot be written."""
    write_whole(path, pack.model_dump_json(), advice="check the folder and the free space")


def read_pack(path: Path) -> Pack:
    """Read a pack. Raises `BenchError` for any other file."""
    content = load_object(path, advice=ADVICE)
    try:
        return Pack.model_validate_json(json.dumps(content))
    except ValidationError as error:
        raise BenchError(f"{path}: {explain(error)}: {ADVICE}") from error
