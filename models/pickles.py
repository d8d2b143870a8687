"""Inspect the pickles of a checkpoint without loading them.

PyTorch builds any plain values that a file asks for and calls the functions that it allows. Some
files make it use all memory, run forever, or end the process.
"""

import pickletools
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

ARCHIVE = b"PK\x03\x04"  # first bytes of a file that PyTorch reads as an archive
LEGACY_PICKLES = 5  # pickles at the start of a file of PyTorch before 1.6, the weights among them
FORBIDDEN = {  # functions that PyTorch lets a pickle call
    "bytearray": "a bytearray",  # of any size
    "_rebuild_nested_tensor": "a nested tensor",  # PyTorch 2.11 may use sizes that it has not read
}
# To hash a tuple, Python visits all that it holds, without a limit on depth or on repeated visits.
# The tuples of checkpoints are a few levels deep.
MAX_DEPTH = 100
MAX_ITEMS = 10**6


@dataclass(frozen=True)
class _Value:
    """A value on a pickle's stack: the depth of its tuples, and the items in all of them."""

    depth: int = 0
    items: int = 1


_PLAIN, _MARK = _Value(), _Value(depth=-1)


class _UnsafeError(Exception):
    """A pickle that must not be loaded: the reason, and the function that it calls, "" for none."""


def is_archive(file: IO[bytes]) -> bool:
    """Whether PyTorch reads `file` as an archive, rather than as a sequence of pickles."""
    file.seek(0)
    return file.read(len(ARCHIVE)) == ARCHIVE


def find_danger(file: IO[bytes]) -> str:
    """The part of a checkpoint that must not be loaded, in words; "" if there is none."""
    try:
        for pickle in _pickles(file):
            _simulate(pickle)
    except _UnsafeError as error:
        reason, called = error.args
        return f"{reason}{under(find_key(file, called))}"
    except Exception:  # not a pickle, or a damaged one: loading it will report that
        return ""
    return ""


def under(key: str | None) -> str:
    """Say in an error message that something is under `key`, if there is one."""
    return f" under {key!r:.120}" if key else ""


def find_key(file: IO[bytes], name: str) -> str | None:
    """The dictionary key before the first object of class `name` in a checkpoint's pickles."""
    key: str | None = None
    pushed: str | None = None  # the string that the last operation pushed, if any
    memo: dict[int, str | None] = {}
    own_name = name.rpartition(".")[2]  # the module may have its Python 2 name
    try:
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
    except Exception:  # the key is only a help in the error message
        return None
    return None


def _opcodes(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """The names and arguments of a checkpoint's pickle operations; none of them is executed."""
    for pickle in _pickles(file):
        for opcode, argument, _ in pickletools.genops(pickle):
            yield opcode.name, argument


def _pickles(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The file at the start of each pickle; read each one to its end before the next."""
    if is_archive(file):
        archive = zipfile.ZipFile(file)
        names = archive.namelist()  # PyTorch ignores their case
        yield from (archive.open(name) for name in names if name.lower().endswith("data.pkl"))
        return
    file.seek(0)
    for _ in range(LEGACY_PICKLES):
        yield file


def _simulate(pickle: IO[bytes]) -> None:
    """Follow a pickle's operations on the sizes of values alone; raises `_UnsafeError`."""
    stack: list[_Value] = []
    memo: dict[Any, _Value] = {}
    for opcode, argument, _ in pickletools.genops(pickle):
        name = opcode.name
        if name == "GLOBAL" and (called := str(argument).rpartition(" ")[2]) in FORBIDDEN:
            raise _UnsafeError(FORBIDDEN[called], called)
        if name.endswith("PUT"):
            memo[argument] = stack[-1]
        elif name.endswith("GET"):
            stack.append(memo[argument])
        else:
            arguments = _pop_arguments(stack, opcode)
            if "TUPLE" in name:
                stack.append(_tuple(arguments))
            else:
                marks = (kind is pickletools.markobject for kind in opcode.stack_after)
                stack += [_MARK if is_mark else _PLAIN for is_mark in marks]


def _pop_arguments(stack: list[_Value], opcode: pickletools.OpcodeInfo) -> list[_Value]:
    """Remove the arguments of an operation from the stack and return them."""
    count = len(opcode.stack_before)
    arguments: list[_Value] = []
    if pickletools.markobject in opcode.stack_before:
        count -= 2  # the mark, and the values above it
        while (value := stack.pop()) is not _MARK:
            arguments.append(value)
    return arguments + [stack.pop() for _ in range(count)]


def _tuple(items: list[_Value]) -> _Value:
    depth = 1 + max((item.depth for item in items), default=0)
    count = 1 + sum(item.items for item in items)
    if depth > MAX_DEPTH or count > MAX_ITEMS:
        raise _UnsafeError("tuples that are nested too deeply or too large", "")
    return _Value(depth, count)
