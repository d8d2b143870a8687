"""Baselines: the entries that a gate compares with, as JSON that is easy to read in a diff.

Each entry is a line, and lines are sorted. Conditions that several entries share are written once.
There are no timestamps: if nothing changed, a new baseline is identical to the old one, byte for
byte.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.gate import pytest_benchmark
from bench.gate.entry import Entry, newest_entries
from bench.json_file import check_keys, explain, load_object, write_whole
from bench.records.catalogue import find_instrument
from bench.records.store import Store, is_store

FORMAT_VERSION = 1  # 1: conditions by name, and entries that refer to one by its name
ADVICE = "write a new baseline with 'blvbench gate --update'"


def write(path: Path, entries: Sequence[Entry]) -> None:
    """Write the entries with a figure to `path`, whole or not at all.

    Raises `BenchError` if there are none, and if the file cannot be written.
    """
    figures = sorted((e for e in entries if e.status == "ok"), key=lambda entry: entry.sort_key)
    if not figures:
        raise BenchError(f"{path}: there is no figure to write: measure with 'blvbench run'")
    names = _names(figures)
    lines = [_line(_shorten(entry, names[_key(entry)])) for entry in figures]
    conditions = {names[_key(e)]: e.conditions for e in figures}
    named = json.dumps(conditions, indent=1, sort_keys=True, ensure_ascii=False)
    text = f'{{"format": {FORMAT_VERSION},\n"conditions": {named},\n"entries": [\n'
    write_whole(path, text + ",\n".join(lines) + "\n]}\n", advice="choose another --update")


def parse(path: Path, content: dict[str, Any]) -> list[Entry]:
    """The entries of the `content` of a baseline, in its order.

    Raises `BenchError` with the file, the entry and the key.
    """
    if content.get("format") != FORMAT_VERSION:
        raise BenchError(
            f"{path}: is of format {content.get('format')!r:.20}, this version reads "
            f"{FORMAT_VERSION}: {ADVICE}, or use the version that made it"
        )
    check_keys(path, content, ("format", "conditions", "entries"), advice=ADVICE)
    conditions, entries = content.get("conditions"), content.get("entries")
    if not isinstance(conditions, dict) or not isinstance(entries, list):
        raise BenchError(f"{path}: has no conditions or no entries: {ADVICE}")
    found = [_entry(path, n, data, conditions) for n, data in enumerate(entries, start=1)]
    seen = set()
    for number, entry in enumerate(found, start=1):
        if entry.subject in seen:
            raise BenchError(f"{path}: entry {number}: is a duplicate: {ADVICE}")
        seen.add(entry.subject)
    return found


def read(path: Path) -> list[Entry]:
    """The entries of a baseline, of a store, or of a file of pytest-benchmark.

    Raises `BenchError` with the file and what is wrong in it.
    """
    if is_store(path):
        with Store(path) as store:
            return newest_entries(store.measurements())
    content = load_object(path, advice="give a store, a baseline or pytest-benchmark's JSON")
    if pytest_benchmark.KEY in content:
        return pytest_benchmark.parse(path, content)
    return parse(path, content)


def _key(entry: Entry) -> tuple[str, str]:
    return entry.label, _line(entry.conditions)


def _names(entries: Sequence[Entry]) -> dict[tuple[str, str], str]:
    """A name for the conditions of each quantity: its label, with a number if it has several."""
    names: dict[tuple[str, str], str] = {}
    for label, conditions in sorted(set(map(_key, entries))):
        number = sum(other_label == label for other_label, _ in names) + 1
        names[label, conditions] = f"{label} {number}" if number > 1 else label
    return names


def _shorten(entry: Entry, conditions: str) -> dict[str, Any]:
    """The fields of an entry that are not at their defaults and that a comparison needs.

    The name of the conditions is left out where it is the label of the entry.
    """
    exclude = {"conditions", "network_version"}
    fields = entry.model_dump(mode="json", exclude_defaults=True, exclude=exclude)
    return fields if conditions == entry.label else {**fields, "conditions": conditions}


def _line(data: dict[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, ensure_ascii=False)


def _entry(path: Path, number: int, data: Any, conditions: dict[str, Any]) -> Entry:
    """Entry `number` of a file, counted from 1."""
    try:
        if not isinstance(data, dict):
            raise BenchError("is not an object")
        label = f"{data.get('quantity')}:{data.get('instrument')}"
        name = data.get("conditions", label)
        if not isinstance(name, str) or name not in conditions:
            raise BenchError(f"conditions: there are none with the name {name!r:.40}")
        fields = {**data, "conditions": conditions[name]}
        entry = Entry.model_validate_json(json.dumps(fields, allow_nan=False))
        if entry.point:
            find_instrument(entry.label)  # an unknown one is an error
    except (ValueError, RecursionError, TypeError) as error:  # ValueError: pydantic's and ours
        raise BenchError(f"{path}: entry {number}: {explain(error)}: {ADVICE}") from error
    return entry
