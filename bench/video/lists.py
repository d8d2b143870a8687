"""Lines, tables and names of annotation files, read with checks.

Every function raises `BenchError` with one line: where, what is wrong, what to do. `where` is the
file and the line, for such an error.
"""

import codecs
import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bench.errors import BenchError

MAX_BYTES = 64 << 20  # of a file; the largest known list, with 800,000 videos, is smaller
MAX_CLASSES = 100_000  # a large label would need a long list of classes
MAX_DIGITS = 9
NUMERIC = re.compile(r"[+-]?\d+(\.\d*)?", re.ASCII)
QUOTES = "\"'"
LIKE_A_PATH = re.compile(r"[/\\]|\.\w{2,5}\b")  # what a label is not, unless it was cut wrongly


@dataclass(frozen=True)
class AnnotatedVideo:
    """A video of a list. `label` is a number from 0, or the name of a class.

    `path` is relative; `others` are paths where it may be instead.
    """

    where: str
    name: str
    path: str
    label: int | str
    frames: tuple[int, int] | None = None
    others: tuple[str, ...] = ()


def read_text(file: Path) -> str:
    """The text of `file`: UTF-8 with or without a byte order mark, or UTF-16."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)  # a device file may be endless
    except OSError as error:
        raise BenchError(f"{file}: cannot be read ({error.strerror}): check the path") from error
    if len(content) > MAX_BYTES:
        raise BenchError(
            f"{file}: is larger than {MAX_BYTES} bytes: this is not an annotation file"
        )
    try:
        text = content.decode(_encoding(content))
    except UnicodeDecodeError as error:
        raise BenchError(f"{file}: is not UTF-8 text: save it as UTF-8") from error
    if "\0" in text:
        raise BenchError(f"{file}: has a NUL byte: this is not a text file")
    return text


def _encoding(content: bytes) -> str:
    """UTF-16 by its byte order mark, or by the zeros of ASCII characters; else UTF-8."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(content) % 2 == 0 and (zeros := content.count(0)) and 3 * zeros > len(content):
        return "utf-16-le" if 2 * content[1::2].count(0) > zeros else "utf-16-be"
    return "utf-8-sig"


def read_lines(file: Path) -> Iterator[tuple[str, str]]:
    """The position and the text of each line, without blank lines."""
    # Not splitlines(): a name may contain one of the other characters at which it splits.
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        if text := line.strip():
            yield f"{file}: line {number}", text


def read_pairs(file: Path) -> list[tuple[str, str, str]]:
    """The position, the path and the label of each line `path label`.

    A tab, a comma, a semicolon or a space separates them, in all lines the same; of those that may,
    one that makes all labels numbers. Either may be in quotes.
    """
    lines = list(read_lines(file))
    found = [[_split(line, separator) for _, line in lines] for separator in "\t,; "]
    whole = [pairs for pairs in found if all(pairs)]
    by_numbers = (p for p in whole if all(pair and is_numeric(pair[1]) for pair in p))
    by_names = (p for p in whole if not any(pair and LIKE_A_PATH.search(pair[1]) for pair in p))
    chosen = next(by_numbers, None) or next(by_names, None)
    if chosen is None:
        split = max(found, key=lambda pairs: sum(map(bool, pairs)))
        where = lines[split.index(None) if None in split else 0][0]
        raise BenchError(
            f"{where}: needs the columns 'path label': separate them with a space, a comma or a tab"
        )
    return [(where, *pair) for (where, _), pair in zip(lines, chosen, strict=True) if pair]


def _split(line: str, separator: str) -> tuple[str, str] | None:
    """The path and the label of a line, before and after the last separator."""
    start = line.rfind(line[-1], 0, -1) if line[-1] in QUOTES else -1
    if start > 0:  # a label in quotes may have separators in it
        path, label = line[:start].rstrip(" "), line[start:]
        if path[-1:] != separator and (separator != " " or path == line[:start]):
            return None
        path = path.removesuffix(separator)
    else:
        path, _, label = line.rpartition(separator)
    return (unquote(path.strip()), unquote(label.strip())) if path.strip() else None


def unquote(text: str) -> str:
    """`text` without quotes around it; two quotes within are one."""
    for quote in QUOTES:
        if len(text) > 1 and text[0] == text[-1] == quote:
            return text[1:-1].replace(quote * 2, quote)
    return text


def read_table(file: Path) -> Iterator[tuple[str, list[str]]]:
    """The position and the cells of each row of a CSV file, without blank rows."""
    rows = csv.reader(io.StringIO(read_text(file), newline=None))
    try:
        for row in rows:
            if any(cells := [cell.strip() for cell in row]):
                yield f"{file}: line {rows.line_num}", cells
    except csv.Error as error:
        where = f"{file}: line {rows.line_num}"
        raise BenchError(f"{where}: is not CSV ({error}): correct it") from error


def read_json(file: Path) -> Any:
    """The value in a JSON file."""
    text = read_text(file)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{file}: line {error.lineno}"
        raise BenchError(f"{where}: is not JSON ({error.msg}): correct it") from error
    except RecursionError as error:
        raise BenchError(f"{file}: is nested too deeply: this is not an annotation file") from error
    except ValueError as error:  # a number of thousands of digits
        raise BenchError(
            f"{file}: has a number with too many digits: this is not an annotation file"
        ) from error


def is_numeric(text: str) -> bool:
    """Whether `text` is a number in ASCII digits, which may have a sign and a point."""
    return NUMERIC.fullmatch(text) is not None


def is_number(text: str) -> bool:
    """Whether `text` is a whole number of at least 0, in ASCII digits."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def to_number(where: str, what: str, text: str) -> int:
    """The whole number `text`; `what` names it in an error."""
    if not is_number(text):
        raise BenchError(f"{where}: {what} {text!r:.60} is not a whole number: write it in digits")
    return int(text)


def to_label(where: str, text: str, first: int = 0) -> int:
    """The class number `text`, counted from 0; the file counts from `first`."""
    label = to_number(where, "class number", text) - first
    if not 0 <= label < MAX_CLASSES:
        last = MAX_CLASSES - 1 + first
        raise BenchError(f"{where}: class number {text} is out of range: use {first} to {last}")
    return label


def to_name(where: str, what: str, text: str) -> str:
    """The name `text`, which must not be empty and must not have control characters."""
    if not text:
        raise BenchError(f"{where}: {what} is empty: write it")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise BenchError(f"{where}: {what} {text!r:.60} has a control character: remove it")
    return text


def to_path(where: str, text: str, data: Path | None = None) -> str:
    """The path `text` relative to the folder `data`, within which it must stay."""
    path = PurePosixPath(to_name(where, "the path", text))
    if path.is_absolute() and data is not None:
        for root in (data.absolute(), data.resolve()):
            if path.is_relative_to(root):
                path = path.relative_to(root)
                text = str(path)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise BenchError(
            f"{where}: path {text!r:.60} is outside the folder of videos: give a path relative to "
            "that folder"
        )
    return text


def read_names(file: Path) -> tuple[str, ...]:
    """The classes of a file with one name in each line."""
    return in_order(file, ((where, name, i) for i, (where, name) in enumerate(read_lines(file))))


def in_order(file: Path, numbered: Iterable[tuple[str, str, int]]) -> tuple[str, ...]:
    """The names in the order of their numbers, which must be 0, 1, 2, ... without gaps.

    Each item of `numbered` is a position, a name and its number.
    """
    names: dict[int, str] = {}
    seen: set[str] = set()
    for where, name, number in numbered:
        to_name(where, "the class", name)
        if name in seen or number in names:
            raise BenchError(f"{where}: class {name!r:.60} or its number is a duplicate: keep one")
        names[number] = name
        seen.add(name)
    if not names:
        raise BenchError(f"{file}: has no classes: list them")
    if max(names) != len(names) - 1:
        gap = next(number for number in range(len(names)) if number not in names)
        raise BenchError(f"{file}: no class has number {gap}, counted from 0: list every class")
    return tuple(names[number] for number in range(len(names)))
