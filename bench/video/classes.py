"""The classes of a list, and the numbers of their labels.

A file of classes has a name in each line, numbered lines such as "1 Archery" or "archery,0", or is
JSON such as {"archery": "0"}. Numbers count from 0, or from 1 if they begin there. Without a file,
numbers in a list are labels as they stand, and other names are sorted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import BenchError
from bench.video.lists import (
    AnnotatedVideo,
    in_order,
    is_numeric,
    read_json,
    read_lines,
    to_label,
)

NUMBER_FIRST = re.compile(r"(\d+)(?:\s*[,;]\s*|\s+)(.+)", re.ASCII)
NUMBER_LAST = re.compile(r"(.*),\s*(\d+)", re.ASCII)
HEADER = re.compile(r"(id|index|number|label|class|name)[\s,;]+(id|index|number|label|class|name)")


@dataclass(frozen=True)
class Classes:
    """The names of the classes in the order of their labels, and the number of the first one."""

    names: Sequence[str]
    first: int = 0


def read_classes(file: Path) -> Classes:
    """The classes of a file. Raises `BenchError` if a number is missing or given twice."""
    lines = list(read_lines(file))
    if lines and lines[0][1].startswith("{"):
        return _numbered(file, read_numbers(file))
    if len(lines) > 1 and HEADER.fullmatch(lines[0][1].lower()):
        lines = lines[1:]
    for pattern, name, number in ((NUMBER_FIRST, 2, 1), (NUMBER_LAST, 1, 2)):
        found = [(where, pattern.fullmatch(line)) for where, line in lines]
        if lines and all(match for _, match in found):
            rows = [(where, m[name].strip(), m[number]) for where, m in found if m]
            return _numbered(file, rows)
    return Classes(in_order(file, ((where, name, i) for i, (where, name) in enumerate(lines))))


def read_numbers(file: Path) -> list[tuple[str, str, str]]:
    """The position, the name and the number of each class of a JSON object."""
    numbers = read_json(file)
    if not isinstance(numbers, dict):
        raise BenchError(f"{file}: does not map classes to numbers: use labels.json")
    return [
        (f"{file}: class {name!r:.60}", name, str(n) if isinstance(n, str | int) else "")
        for name, n in numbers.items()
    ]


def _numbered(file: Path, rows: Sequence[tuple[str, str, str]]) -> Classes:
    numbers = [(where, name, to_label(where, number)) for where, name, number in rows]
    first = int(min((number for _, _, number in numbers), default=0) == 1)
    return Classes(in_order(file, ((w, name, n - first) for w, name, n in numbers)), first)


def number_labels(
    file: Path, rows: Sequence[AnnotatedVideo], known: Classes | None, others: Sequence[str] = ()
) -> tuple[Sequence[AnnotatedVideo], Sequence[str]]:
    """The rows of a list and its classes: the `known` ones of a file, or else those of the rows.

    `others` are classes that have no rows. Raises `BenchError` for numbers that leave one out.
    """
    labels = {str(row.label) for row in rows} | set(others)
    numeric = {label for label in labels if is_numeric(label)}
    if known is not None:
        if numeric < labels or labels <= set(known.names):
            return rows, known.names
        return [_with_number(row, known.first) for row in rows], known.names
    if rows and labels - numeric == {rows[0].label} and len(labels) > 1 and not others:
        raise BenchError(
            f"{rows[0].where}: class {rows[0].label!r:.60} is not a number, but all others are: "
            "remove this line if it is a header"
        )
    if numeric < labels or not labels:
        return rows, sorted(labels)
    rows = [_with_number(row, 0) for row in rows]
    numbers = {to_label(f"{file}: a class", _digits(label)) for label in labels}
    _check_numbers(file, numbers)
    return rows, [str(number) for number in sorted(numbers)]


def _check_numbers(file: Path, numbers: set[int]) -> None:
    last = max(numbers)
    if len(numbers) == last + 1:
        return
    gap = next(number for number in range(last) if number not in numbers)
    what = (
        f"class numbers are 1 to {last} and not 0 to {last - 1}"
        if len(numbers) == last and gap == 0
        else f"has no video of class number {gap}, but numbers up to {last}"
    )
    raise BenchError(
        f"{file}: {what}: give the classes with --labels, one in a line from 0, or as '1 name'"
    )


def _with_number(row: AnnotatedVideo, first: int) -> AnnotatedVideo:
    return replace(row, label=to_label(row.where, _digits(str(row.label)), first))


def _digits(label: str) -> str:
    """A number without its point, as tables of numbers may be written with one."""
    return re.sub(r"\.0*$", "", label)
