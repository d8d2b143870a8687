"""Locks on files. A lock is released when the process that holds it ends, even if it is killed."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def lock(path: Path) -> Iterator[bool]:
    """Lock the file at `path`, made if missing. Yields False if another process holds the lock.

    On a file system without locks it yields True.
    """
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError:
            pass
        yield True


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock on the file at `path`."""
    if not path.exists():
        return False
    with lock(path) as is_ours:
        return not is_ours
