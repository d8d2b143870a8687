"""Recorded measurements: figures of other machines, in JSON files that come with the project.

A file has one record a line: the newest of each quantity, point and machine. Figures that depend on
no machine stand beside them for the same points, for comparison.
"""

import json
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.json_file import check_keys, explain, load_object, write_whole
from bench.records.catalogue import find_instrument
from bench.records.index import Index, in_report_order, key_of
from bench.records.measurement import Measurement
from bench.records.store import Store, is_store
from suites import suite

FOLDER = suite.FOLDER / "recorded"
FORMAT_VERSION = 1  # 1: a list of measurements
REPORT_FORMATS = range(1, 9)  # of a report's results.json; their records have not changed since
# Fields that a report computes from the samples.
DERIVED = ("value", "interval", "dispersion", "reference_value", "saving", "saving_interval")


def load_recorded(folder: Path = FOLDER) -> list[Measurement]:
    """The newest record of each quantity, point and machine in the files of `folder`.

    Raises `BenchError` with the folder, or the file, the record and the key.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except OSError as error:
        raise BenchError(
            f"{folder}: cannot be read ({error.strerror}): give a folder of recorded files"
        ) from error
    return newest(measurement for path in paths for measurement in read(path))


def read_results(path: Path) -> list[Measurement]:
    """The measurements of a store, a report's results.json or a recorded file.

    Raises `BenchError` with the file and what is wrong in it.
    """
    if not is_store(path):
        return read(path, is_report=True)
    with Store(path) as store:
        return store.measurements()


def read(path: Path, *, is_report: bool = False) -> list[Measurement]:
    """The measurements of a recorded file or, with `is_report`, of a report's results.json.

    Raises `BenchError` with the file, the record and the key.
    """
    content = load_object(path, advice="give a store, a report's results.json or a recorded file")
    if is_report and "claims" in content:
        readable: Sequence[int] = REPORT_FORMATS
    else:
        check_keys(path, content, ("format", "measurements"), advice="this is not a recorded file")
        readable = (FORMAT_VERSION,)
    if content.get("format") not in readable:
        raise BenchError(
            f"{path}: is of format {content.get('format')!r:.20}, this version reads "
            f"{readable[-1]}: import it with the version that made it, or measure again"
        )
    records = content.get("measurements")
    if not isinstance(records, list):
        raise BenchError(f"{path}: measurements: is not a list: this is not a recorded file")
    return [_record(path, number, data) for number, data in enumerate(records, start=1)]


def write(path: Path, measurements: Iterable[Measurement]) -> list[Measurement]:
    """Add `measurements` to the file at `path`, and return everything that it then has.

    The newest of each quantity, point and machine stays. The file is written whole or not at all.
    Raises `BenchError` where the file is of another kind, or cannot be written.
    """
    present = read(path) if os.path.exists(path) else []  # noqa: PTH110 - it raises nothing
    held = newest([*present, *measurements])
    lines = ",\n".join(_dump(measurement) for measurement in held)
    text = f'{{"format": {FORMAT_VERSION}, "measurements": [\n{lines}\n]}}\n'
    write_whole(path, text, advice="choose another --into or --name")
    return held


def newest(measurements: Iterable[Measurement]) -> list[Measurement]:
    """The newest measurement of each quantity, point and machine, in the order of a report."""
    return in_report_order(Index(sorted(measurements, key=lambda m: (_time(m), _dump(m)))))


def with_recorded(
    stored: Iterable[Measurement], recorded: Iterable[Measurement]
) -> list[Measurement]:
    """`recorded` and then `stored`, each quantity, point and machine once.

    Where both have one, the newer counts if it depends on the machine, else the store's. Within
    `stored`, the last one counts.
    """
    ours, others = ({key_of(m): m for m in Index(side)} for side in (stored, recorded))
    for key in ours.keys() & others.keys():
        is_newer = key.machine and _time(others[key]) > _time(ours[key])
        del (ours if is_newer else others)[key]
    return [*others.values(), *ours.values()]


def _time(measurement: Measurement) -> datetime:
    time = datetime.fromisoformat(measurement.measured_at)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _dump(measurement: Measurement) -> str:
    return json.dumps(measurement.model_dump(mode="json"), sort_keys=True)


def _record(path: Path, number: int, data: Any) -> Measurement:
    """Record `number` of a file, counted from 1."""
    fields = {k: v for k, v in data.items() if k not in DERIVED} if isinstance(data, dict) else data
    try:
        # As JSON, where a list may stand for a tuple.
        measurement = Measurement.model_validate_json(json.dumps(fields, allow_nan=False))
        find_instrument(measurement.label)
    except (ValueError, RecursionError) as error:  # pydantic's and ours are the former
        raise BenchError(
            f"{path}: record {number}: {explain(error)}: import what this version wrote"
        ) from error
    return measurement
