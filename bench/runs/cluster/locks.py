"""Locks on files, which end with the process that holds them, however it ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def lock(path: Path) -> Iterator[bool]:
    """Lock the file at `path` and make it where there is none; False where another process has it.

    True as well on a file system without locks: there, nothing tells.
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
