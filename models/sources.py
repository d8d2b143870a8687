"""The files that a user's network was built from."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb

DIGITS = 12  # 48 bits: no two versions of a file will share a fingerprint by chance


@dataclass(frozen=True)
class Sources:
    """Files that were executed, the user's own first, with their contents at that time."""

    contents: Mapping[Path, bytes]

    @property
    def folder(self) -> Path:
        """The folder of the user's file."""
        return next(iter(self.contents)).parent

    def fingerprint(self) -> str:
        """12 hex digits over names and contents."""
        digest = hashlib.sha256()
        for path in sorted(self.contents):
            content = self.contents[path]
            digest.update(f"{os.path.relpath(path, self.folder)}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()[:DIGITS]

    def are_current(self) -> bool:
        """Whether the files on disk still have these contents."""
        try:
            return all(path.read_bytes() == content for path, content in self.contents.items())
        except OSError:
            return False

    def explain(self, error: BaseException) -> str:
        """One line: the error's type, its first line, and where in these files it arose."""
        first = "".join(str(error).strip().splitlines()[:1])
        kind = type(error).__name__
        lines = [(Path(f.f_code.co_filename), line) for f, line in walk_tb(error.__traceback__)]
        own = [(os.path.relpath(p, self.folder), n) for p, n in lines if p in self.contents]
        places = [f"{name}, line {line}" for name, line in own]
        return (f"{kind}: {first}" if first else kind) + "".join(f" ({p})" for p in places[-1:])
