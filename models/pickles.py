"""What the pickles of a checkpoint would make, found out without making it.

PyTorch makes plain values of whatever a file says, and calls what it allows; some of these take all
memory, all time, or end the process.
"""

import pickletools
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ARCHIVE = b"PK\x03\x04"  # how a file begins that PyTorch reads as an archive
LEGACY_PICKLES = 5  # a file of PyTorch before 1.6 starts with that many, the weights' among them
ANY_SIZE = "bytearray"  # which PyTorch lets a pickle call, with the number of bytes to fill
# To look a tuple up, Python goes through all that it holds, and counts neither how deep that is nor
# how often it comes to the same. Those of checkpoints are a few deep.
MOST_DEEP, MOST_ITEMS = 100, 10**6


@dataclass(frozen=True)
class _Value:
    """A value on a pickle's stack: how deep its tuples are, and their items with all of theirs."""

    depth: int = 0
    items: int = 1


_PLAIN, _MARK = _Value(), _Value(depth=-1)


class _HarmError(Exception):
    """A pickle that must not be loaded; the message says what it holds."""


def is_archive(file: IO[bytes]) -> bool:
    """Whether PyTorch reads `file` as an archive, and not as pickles one after the other."""
    file.seek(0)
    return file.read(len(ARCHIVE)) == ARCHIVE


def harm_of(file: IO[bytes]) -> str:
    """What a checkpoint holds that must not be loaded, in words; "" for nothing of the kind."""
    try:
        for pickle in _pickles(file):
            _follow(pickle)
    except _HarmError as harm:
        return str(harm)
    except Exception:  # no pickle, or a damaged one: reading it says so
        return ""
    return ""


def key_of(path: Path, name: str) -> str | None:
    """The dictionary key that stands before the object of class `name` in a pickle."""
    key: str | None = None
    pushed: str | None = None  # by the last operation, if it was a string
    memo: dict[int, str | None] = {}
    own_name = name.rpartition(".")[2]  # the module may have its name of Python 2
    try:
        with path.open("rb") as file:
            for opcode, argument in _opcodes(file):
                if opcode == "GLOBAL" and argument.endswith(f" {own_name}"):
                    return key
                if opcode == "PROTO":  # a pickle begins
                    key, memo = None, {}
                if opcode.endswith("PUT"):
                    memo[argument] = pushed
                elif opcode.endswith("GET"):
                    pushed = memo.get(argument)
                else:
                    pushed = argument if opcode.endswith(("UNICODE", "STRING")) else None
                key = pushed or key
    except Exception:  # the key only helps; the refusal stands without it
        return None
    return None


def _opcodes(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """The names and arguments of a checkpoint's pickle operations; none of them is carried out."""
    for pickle in _pickles(file):
        for opcode, argument, _ in pickletools.genops(pickle):
            yield opcode.name, argument


def _pickles(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The file at the start of each pickle, once the one before is read."""
    if is_archive(file):
        archive = zipfile.ZipFile(file)
        names = archive.namelist()  # which PyTorch reads whatever their case
        yield from (archive.open(name) for name in names if name.lower().endswith("data.pkl"))
        return
    file.seek(0)
    for _ in range(LEGACY_PICKLES):
        yield file


def _follow(pickle: IO[bytes]) -> None:
    """Go through a pickle's operations with the sizes of values for values; raises `_HarmError`."""
    stack: list[_Value] = []
    memo: dict[Any, _Value] = {}
    for opcode, argument, _ in pickletools.genops(pickle):
        name = opcode.name
        if name == "GLOBAL" and str(argument).endswith(f" {ANY_SIZE}"):
            raise _HarmError(f"a {ANY_SIZE}, which may ask for any memory")
        if name.endswith("PUT"):
            memo[argument] = stack[-1]
        elif name.endswith("GET"):
            stack.append(memo[argument])
        else:
            taken = _take(stack, opcode)
            if "TUPLE" in name:
                stack.append(_tuple(taken))
            else:
                marks = (kind is pickletools.markobject for kind in opcode.stack_after)
                stack += [_MARK if is_mark else _PLAIN for is_mark in marks]


def _take(stack: list[_Value], opcode: pickletools.OpcodeInfo) -> list[_Value]:
    """Take from the stack what an operation does."""
    count = len(opcode.stack_before)
    taken: list[_Value] = []
    if pickletools.markobject in opcode.stack_before:
        count -= 2  # the mark, and what is above it
        while (value := stack.pop()) is not _MARK:
            taken.append(value)
    return taken + [stack.pop() for _ in range(count)]


def _tuple(items: list[_Value]) -> _Value:
    made = _Value(
        1 + max((item.depth for item in items), default=0), 1 + sum(item.items for item in items)
    )
    if made.depth > MOST_DEEP or made.items > MOST_ITEMS:
        raise _HarmError("tuples that never end")
    return made
