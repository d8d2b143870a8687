import random
import sqlite3
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.records.store import FORMAT_VERSION, MAX_RECORD_BYTES, Store
from tests.records import measurement, point, tsn_reference


def test_what_is_put_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "new" / "store.sqlite"
    records = [measurement(point(frames=n), samples=(n,)) for n in (8, 16)]
    with Store(path, create=True) as store:
        for record in records:
            store.put(f"id{record.value}", record)
    with Store(path) as store:
        assert store.identities() == {"id8", "id16"}
        assert store.measurements() == records


def test_a_newer_result_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    with Store(tmp_path / "s", create=True) as store:
        store.put("id", measurement(point(), samples=(1,)))
        store.put("id", measurement(point(), samples=(2,)))
        assert [m.value for m in store.measurements()] == [2]


def test_what_is_touched_is_the_newest(tmp_path: Path) -> None:
    with Store(tmp_path / "s", create=True) as store:
        for number in (1, 2, 3):
            store.put(f"id{number}", measurement(point(), samples=(number,)))
        store.touch(["id2", "id1", "unknown"])
        assert [m.value for m in store.measurements()] == [3, 2, 1]


def test_a_store_whose_making_was_interrupted_is_made_again(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "s") as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with Store(tmp_path / "s", create=True) as store:
        assert store.identities() == set()


def test_what_failed_is_kept_and_tried_again(tmp_path: Path) -> None:
    with Store(tmp_path / "s", create=True) as store:
        store.put("id", measurement(point(), status="failed", samples=(), reason="bad luck"))
        assert store.identities() == set()
        assert len(store.measurements()) == 1


def test_a_failure_takes_the_place_of_no_figure(tmp_path: Path) -> None:
    lost = measurement(point(), status="lost", samples=(), reason="its job was ended")
    with Store(tmp_path / "s", create=True) as store:
        store.put("id", lost)
        store.put("id", measurement(point(), samples=(1,)))
        store.put("id", lost)
        assert [m.status for m in store.measurements()] == ["ok"]


def test_a_store_that_was_replaced_is_told_from_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with Store(path, create=True) as store:
        path.rename(tmp_path / "elsewhere")
        with pytest.raises(BenchError, match="was moved, deleted or replaced"):
            store.put("a", measurement(point()))
        Store(path, create=True).__exit__(None, None, None)
        with pytest.raises(BenchError, match="was moved, deleted or replaced"):
            store.put("b", measurement(point()))


def test_a_store_is_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    """As from a read-only medium: no journal can be made beside it."""
    path = tmp_path / "s"
    with Store(path, create=True) as store:
        store.put("id", measurement(point()))
    (tmp_path / "s-shm").mkdir()  # what even the super-user cannot write to
    with Store(path) as store:
        assert len(store.measurements()) == 1


def test_two_open_stores_write_to_one_file(tmp_path: Path) -> None:
    with Store(tmp_path / "s", create=True) as one, Store(tmp_path / "s", create=True) as two:
        one.put("a", measurement(point()))
        two.put("b", measurement(point()))
        assert one.identities() == two.identities() == {"a", "b"}


def test_a_store_of_the_first_format_is_read_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with Store(path, create=True) as store:
        store.put("old", measurement(point()))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    with Store(path) as store:
        assert len(store.measurements()) == 1
    with Store(path, create=True) as store:
        store.put("new", measurement(point(), reference=tsn_reference(1)))
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (FORMAT_VERSION,)
    connection.close()
    with Store(path) as store:
        assert [m.reference for m in store.measurements()] == [None, tsn_reference(1)]


def text(path: Path) -> None:
    path.write_text("this is no database, but it is long enough to look like a file\n" * 50)


def empty(path: Path) -> None:
    path.touch()


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()


def newer(path: Path) -> None:
    Store(path, create=True).__exit__(None, None, None)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT_VERSION + 1}")
    connection.close()


def damaged(path: Path) -> None:
    with Store(path, create=True) as store:
        store.put("id", measurement(point()))
    with sqlite3.connect(path) as connection:
        connection.execute("""UPDATE measurement SET record = '{"quantity": 3}'""")
    connection.close()


def armed(path: Path) -> None:
    """A store that would do something of its own when it is written to."""
    Store(path, create=True).__exit__(None, None, None)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TRIGGER t BEFORE INSERT ON measurement BEGIN DELETE FROM measurement; END"
        )
    connection.close()


def endless(path: Path) -> None:
    """A store whose table is a query without an end."""
    Store(path, create=True).__exit__(None, None, None)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE measurement")
        connection.execute(
            "CREATE VIEW measurement AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 "
            "FROM r) SELECT n AS identity, 'ok' AS status, '{}' AS record FROM r"
        )
    connection.close()


def torn(path: Path) -> None:
    """A store with a page of random bytes."""
    with Store(path, create=True) as store:
        for number in range(50):
            store.put(f"id{number}", measurement(point(frames=number + 1)))
    content = bytearray(path.read_bytes())
    page = int.from_bytes(content[16:18], "big")
    content[3 * page : 4 * page] = random.Random(0).randbytes(page)
    path.write_bytes(content)


def garbled(path: Path) -> None:
    """A store whose table has a name that SQLite repeats, and that is no UTF-8."""
    Store(path, create=True).__exit__(None, None, None)
    content = path.read_bytes()
    assert content.count(b"measurementmeasurement") == 1  # its name and its table's, in the schema
    path.write_bytes(content.replace(b"measurementmeasurement", b"me\x89surementm\x89surement"))


def huge(path: Path) -> None:
    """A store of a few kilobytes on disk, with a record that takes a gigabyte to read."""
    Store(path, create=True).__exit__(None, None, None)
    with sqlite3.connect(path) as connection:
        connection.execute(
            f"INSERT INTO measurement VALUES ('id', 'ok', zeroblob({MAX_RECORD_BYTES + 1}))"
        )
    connection.close()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (text, "is not a blvbench store"),
        (empty, "is not a blvbench store"),
        (foreign, "is not a blvbench store"),
        (newer, f"is a store of format {FORMAT_VERSION + 1}"),
        (damaged, "a record is damaged at"),
        (armed, "has tables that a store"),
        (endless, "has tables that a store"),
        (torn, "is damaged .*save what can be read"),
        (garbled, "is damaged .text that is not UTF-8"),
        (huge, "use another store"),
        (Path.mkdir, "check the folder"),
        (lambda path: None, "there is no store"),
    ],
)
def test_what_is_no_store_is_refused_in_a_line(tmp_path: Path, make: object, message: str) -> None:
    path = tmp_path / "store.sqlite"
    make(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(BenchError, match=message) as caught, Store(path) as store:
        store.measurements()
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert before == (path.read_bytes() if path.is_file() else None)


@pytest.mark.parametrize("make", [text, foreign, newer])
def test_create_does_not_overwrite_another_file(tmp_path: Path, make: object) -> None:
    path = tmp_path / "store.sqlite"
    make(path)  # type: ignore[operator]
    before = path.read_bytes()
    with pytest.raises(BenchError):
        Store(path, create=True)
    assert path.read_bytes() == before


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BenchError, match="give a path that can be written"):
        Store(tmp_path / "file" / "store.sqlite", create=True)
