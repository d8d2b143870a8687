"""The store: measurements in one SQLite file, each in a transaction of its own."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from bench.errors import BenchError
from bench.records import Measurement

SQLITE_HEADER = b"SQLite format 3\0"
APPLICATION_ID = 0x626C7662  # "blvb", in the file's header
# 1: a JSON record for each identity; 2: a record may have a reference; 3: precisions and machines'
# settings, and what ran out of memory or time; 4: accuracies, with a data set and a seed
FORMAT_VERSION = 4
READABLE = (1, 2, 3, FORMAT_VERSION)  # the records of older formats are of this one too
AGAIN = ("failed", "timeout", "killed")  # statuses that another run may change
BUSY_TIMEOUT_S = 30  # how long a writer waits for another process's transaction

SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE measurement (
    identity TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    record TEXT NOT NULL
);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT_VERSION};
COMMIT;
PRAGMA journal_mode = WAL;
"""


def is_store(path: Path) -> bool:
    """Whether the file at `path` is SQLite's; raises `BenchError` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE_HEADER)) == SQLITE_HEADER
    except OSError as error:
        raise BenchError(f"{path}: cannot be read ({error.strerror}): check the path") from error


class Store:
    """Measurements by identity. Open it with `with`; one process may write while others read."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open the store at `path`; with `create`, make one where there is no file.

        Raises `BenchError` for a path without a store, a file that is none, or another format.
        """
        self.path = path
        with self._reported():
            if not path.exists() and not create:
                raise BenchError(
                    f"there is no store at {path}: "
                    f"make one with 'blvbench run paper --store {path}'"
                )
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            try:
                if create and self._is_blank():
                    self._create()
                self._check_format()
                if create:  # what is written from here on is of this format
                    self._connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
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
        """The identities that need no measuring again."""
        rows = self._rows(f"SELECT identity FROM measurement WHERE status NOT IN {AGAIN}")
        return {identity for (identity,) in rows}

    def get(self, identities: Iterable[str]) -> dict[str, Measurement]:
        """What is stored under `identities` and needs no measuring again.

        Raises `BenchError` for a record that is damaged.
        """
        query = f"SELECT record FROM measurement WHERE identity = ? AND status NOT IN {AGAIN}"
        rows = ((identity, self._rows(query, identity)) for identity in identities)
        return {
            identity: self._measurement(record) for identity, found in rows for (record,) in found
        }

    def put(self, identity: str, measurement: Measurement) -> None:
        """Keep a measurement under its identity, in place of an older one."""
        with self._reported():
            self._connection.execute(  # autocommit: a transaction of its own
                "INSERT OR REPLACE INTO measurement (identity, status, record) VALUES (?, ?, ?)",
                (identity, measurement.status, measurement.model_dump_json()),
            )

    def touch(self, identities: Iterable[str]) -> None:
        """Make what is stored under `identities` the newest, in their order."""
        with self._reported():
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "UPDATE measurement SET rowid = (SELECT MAX(rowid) + 1 FROM measurement)"
                " WHERE identity = ?",
                [(identity,) for identity in identities],
            )
            self._connection.execute("COMMIT")

    def measurements(self) -> list[Measurement]:
        """Every measurement, the oldest first; raises `BenchError` for a record that is damaged."""
        rows = self._rows("SELECT record FROM measurement ORDER BY rowid")
        return [self._measurement(record) for (record,) in rows]

    def _measurement(self, record: str) -> Measurement:
        try:
            return Measurement.model_validate_json(record)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise BenchError(
                f"{self.path}: a record is damaged at {where}: measure into a new store"
            ) from error

    def _rows(self, query: str, *values: str) -> list[tuple[str]]:
        with self._reported():
            return self._connection.execute(query, values).fetchall()

    def _is_blank(self) -> bool:
        """Whether the file is new, or was left without content by a run that was killed."""
        (tables,) = self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        return tables == 0 and self._pragma("application_id") == 0

    def _create(self) -> None:
        try:
            self._connection.executescript(SCHEMA)
        except sqlite3.OperationalError as error:
            self._connection.rollback()
            if "already exists" not in str(error):  # another process made it first
                raise

    def _check_format(self) -> None:
        application = self._pragma("application_id")
        version = self._pragma("user_version")
        if application != APPLICATION_ID:
            raise BenchError(f"{self.path}: is not a blvbench store: give another file")
        if version not in READABLE:
            raise BenchError(
                f"{self.path}: is a store of format {version}, this version reads "
                f"{FORMAT_VERSION}: measure into a new file, or use the version that made it"
            )

    def _pragma(self, name: str) -> int:
        (value,) = self._connection.execute(f"PRAGMA {name}").fetchone()
        return int(value)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn what SQLite and the file system raise into one line with the way out."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", None)
            if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                message = f"{self.path}: is not a blvbench store ({error}): give another file"
            else:
                message = f"{self.path}: {error}: check the folder, its rights and the free space"
            raise BenchError(message) from error
        except OSError as error:
            raise BenchError(
                f"{self.path}: {os.strerror(error.errno or 0)}: give a path that can be written"
            ) from error
