"""The store: measurements in one SQLite file, each written in its own transaction.

Several processes of one machine may write to a store at once. A file is checked before it is used:
a damaged one is refused, and so is one with tables, views or triggers that a store does not have.
"""

import errno
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from pydantic import ValidationError

from bench.errors import BenchError
from bench.json_file import explain
from bench.records.measurement import Measurement
from bench.text import printable

if TYPE_CHECKING:
    import pandas as pd

SQLITE_HEADER = b"SQLite format 3\0"
APPLICATION_ID = 0x626C7662  # "blvb", in the file's header
# 1: a JSON record for each identity; 2: a record may have a reference; 3: precisions and machines'
# settings, and what ran out of memory or time; 4: accuracies, with a data set and a seed; 5: what
# was lost with its job or its GPU
FORMAT_VERSION = 5
READABLE = (1, 2, 3, 4, FORMAT_VERSION)  # the records of older formats are of this one too
STOPPED = ("timeout", "killed", "lost")  # statuses of measurements that did not end by themselves
RETRIED = ("failed", *STOPPED)  # statuses that another run may change
BUSY_TIMEOUT_S = 30  # a writer waits as long for the transaction of another process
POLL_S = 0.02
MAX_RECORD_BYTES = 64 << 20  # an accuracy on 100,000 clips has 1 MB
MAX_MESSAGE = 200  # characters of a message of SQLite
ADVICE = {  # by SQLite's error code
    sqlite3.SQLITE_FULL: "free some space, then run the same command again: all results are kept",
    sqlite3.SQLITE_READONLY: "make it writable, or copy it to a folder where you may write",
    sqlite3.SQLITE_TOOBIG: f"a record has at most {MAX_RECORD_BYTES:,} bytes: use another store",
}
MOVED = (
    "was moved, deleted or replaced while it was open: put it back, then run the same command again"
)

TABLE = """CREATE TABLE measurement (
    identity TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    record TEXT NOT NULL
)"""
# A result replaces an older one, but a failure does not replace a result of another process.
PUT = f"""
INSERT INTO measurement (identity, status, record) VALUES (:identity, :status, :record)
ON CONFLICT (identity) DO UPDATE SET
    rowid = (SELECT MAX(rowid) + 1 FROM measurement), status = :status, record = :record
WHERE status IN {RETRIED} OR :status NOT IN {RETRIED}
"""


def is_store(path: Path) -> bool:
    """Whether the file at `path` is SQLite's; raises `BenchError` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE_HEADER)) == SQLITE_HEADER
    except OSError as error:
        raise BenchError(f"{path}: cannot be read ({error.strerror}): check the path") from error


class Store:
    """Measurements by identity, opened with `with`. Other processes may use the store meanwhile."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open the store at `path` for reading; with `create` also for writing, made if missing.

        Raises `BenchError` where there is no store, and for a file that is not a store, is damaged
        or has another format.
        """
        self.path = path
        self._file: tuple[int, int] | None = None
        with self._report_errors():
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
            elif not path.exists():
                raise BenchError(
                    f"there is no store at {path}: "
                    f"make one with 'blvbench run shapes --store {path}'"
                )
            self._connection = self._connect(create)
            try:
                if create and self._is_blank():
                    self._create()
                self._check()
                if create:
                    self._prepare()
                self._file = self._on_disk()
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def identities(self) -> set[str]:
        """The identities of all final results, without those that another run would try again."""
        rows = self._rows(f"SELECT identity FROM measurement WHERE status NOT IN {RETRIED}")
        return {identity for (identity,) in rows}

    def get(
        self, identities: Iterable[str], retried: tuple[str, ...] = RETRIED
    ) -> dict[str, Measurement]:
        """The stored measurements of `identities`, except those with a status in `retried`.

        Raises `BenchError` for a damaged record.
        """
        query = f"SELECT record FROM measurement WHERE identity = ? AND status NOT IN {retried}"
        rows = ((identity, self._rows(query, identity)) for identity in identities)
        return {
            identity: self._measurement(record) for identity, found in rows for (record,) in found
        }

    def put(self, identity: str, measurement: Measurement) -> None:
        """Store a measurement under its identity, in place of an older one.

        A failure does not replace a result. Raises `BenchError` where the store cannot be written,
        or was moved.
        """
        values = {
            "identity": identity,
            "status": measurement.status,
            "record": measurement.model_dump_json(),
        }
        with self._report_errors():
            self._connection.execute(PUT, values)  # autocommit: a transaction of its own
            if self._was_moved():  # SQLite goes on writing to a file that was deleted
                raise BenchError(f"{self.path}: {MOVED}")

    def touch(self, identities: Iterable[str]) -> None:
        """Make what is stored under `identities` the newest, in their order."""
        with self._report_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "UPDATE measurement SET rowid = (SELECT MAX(rowid) + 1 FROM measurement)"
                " WHERE identity = ?",
                [(identity,) for identity in identities],
            )
            self._connection.execute("COMMIT")

    def measurements(self) -> list[Measurement]:
        """Every measurement, the oldest first. Raises `BenchError` for a damaged record."""
        rows = self._rows("SELECT record FROM measurement ORDER BY rowid")
        return [self._measurement(record) for (record,) in rows]

    def frame(self) -> "pd.DataFrame":
        """The measurements as a pandas frame, a row for each; see `bench.records.data_frame`."""
        from bench.records.data_frame import to_frame  # imports pandas

        return to_frame(self.measurements())

    def _measurement(self, record: str) -> Measurement:
        try:
            return Measurement.model_validate_json(record)
        except ValidationError as error:
            raise BenchError(
                f"{self.path}: a record is damaged at {explain(error)}: measure into a new store"
            ) from error

    def _rows(self, query: str, *values: str) -> list[tuple[str]]:
        with self._report_errors():
            return self._connection.execute(query, values).fetchall()

    def _connect(self, create: bool) -> sqlite3.Connection:
        """A connection that runs no code of the file, and writes only with `create`."""
        try:
            connection = self._open("rwc" if create else "rw")  # "ro" would leave a journal behind
        except sqlite3.OperationalError:
            wal = self.path.with_name(f"{self.path.name}-wal")
            if create or (wal.exists() and wal.stat().st_size):
                raise
            # SQLite needs to write beside a file that it reads. In a folder that is read-only,
            # nobody else writes, and nothing waits in the journal.
            connection = self._open("ro&immutable=1")
        connection.execute(f"PRAGMA query_only = {not create}")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_RECORD_BYTES)
        return connection

    def _open(self, mode: str) -> sqlite3.Connection:
        uri = f"file:{quote(str(self.path.absolute()))}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            connection.execute("PRAGMA schema_version")  # SQLite opens the file only now
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_blank(self) -> bool:
        """Whether the file is new, or empty since a run was killed while it made the store."""
        (tables,) = self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        return tables == 0 and self._pragma("application_id") == 0

    def _create(self) -> None:
        """Make the table, unless another process just did."""
        self._connection.execute("BEGIN IMMEDIATE")
        if self._is_blank():
            self._connection.execute(TABLE)
            self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        self._connection.execute("COMMIT")

    def _prepare(self) -> None:
        """Complete a store that is of an older format, or whose making was interrupted."""
        if self._pragma("user_version") != FORMAT_VERSION:
            self._connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        deadline = time.monotonic() + BUSY_TIMEOUT_S
        while True:  # this statement of SQLite does not wait for other processes
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_S)

    def _check(self) -> None:
        """Raise `BenchError` unless the file is a whole store of a known format."""
        application = self._pragma("application_id")
        version = self._pragma("user_version")
        if application != APPLICATION_ID:
            raise BenchError(f"{self.path}: is not a blvbench store: give another file")
        if version not in READABLE:
            raise BenchError(
                f"{self.path}: is a store of format {version}, this version reads "
                f"{FORMAT_VERSION}: measure into a new file, or use the version that made it"
            )
        tables = self._connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        if [" ".join(str(sql).split()) for (sql,) in tables] != [" ".join(TABLE.split())]:
            raise BenchError(
                f"{self.path}: has tables that a store does not have: give another file"
            )
        (finding,) = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
        if finding != "ok":
            raise self._damage_error(str(finding))

    def _damage_error(self, finding: str) -> BenchError:
        line = " ".join(printable(finding).replace("***", "").split())[:MAX_MESSAGE]
        return BenchError(
            f"{self.path}: is damaged ({line}): restore a copy, or save what can be read with "
            f"'sqlite3 {self.path} .recover | sqlite3 new.sqlite'"
        )

    def _pragma(self, name: str) -> int:
        (value,) = self._connection.execute(f"PRAGMA {name}").fetchone()
        return int(value)

    def _on_disk(self) -> tuple[int, int] | None:
        """The device and inode of the file at the path; None where there is no file."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _is_read_only(self) -> bool:
        folder = self.path.parent
        return folder.is_dir() and not os.access(folder, os.W_OK)

    def _was_moved(self) -> bool:
        return self._file is not None and self._on_disk() != self._file

    @contextmanager
    def _report_errors(self) -> Iterator[None]:
        """Turn errors of SQLite and of the file system into one line with advice."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise self._explain(error) from error
        except UnicodeDecodeError as error:  # SQLite's message quotes the file
            raise self._damage_error("text that is not UTF-8") from error
        except OSError as error:
            raise BenchError(
                f"{self.path}: {os.strerror(error.errno or 0)}: give a path that can be written"
            ) from error

    def _explain(self, error: sqlite3.DatabaseError) -> BenchError:
        """The message of SQLite with advice."""
        message = printable(str(error))[:MAX_MESSAGE]  # it may quote the file
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF  # the primary code
        if self._was_moved():
            return BenchError(f"{self.path}: {MOVED}")
        if code == sqlite3.SQLITE_CANTOPEN and self._is_read_only():  # the folder, or the disk
            message, code = os.strerror(errno.EROFS), sqlite3.SQLITE_READONLY
        if code == sqlite3.SQLITE_CORRUPT and is_store(self.path):
            return self._damage_error(message)
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return BenchError(
                f"{self.path}: is not a blvbench store ({message}): give another file"
            )
        advice = ADVICE.get(code, "check the folder, its permissions and the free space")
        return BenchError(f"{self.path}: {message}: {advice}")
