"""Readers of the layouts of annotation files: each returns the videos and the classes.

Every reader raises `BenchError` for a file of another layout.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.video.classes import number_labels, read_classes, read_numbers
from bench.video.finding import is_video
from bench.video.lists import (
    AnnotatedVideo,
    in_order,
    is_number,
    read_json,
    read_lines,
    read_pairs,
    read_table,
    to_label,
    to_name,
    to_number,
    to_path,
    unquote,
)
from bench.wording import count_text

KINETICS = ("label", "youtube_id", "time_start", "time_end")  # columns; others are not read


@dataclass(frozen=True)
class Source:
    """What to read. For a layout without an annotation file, `file` is the folder of videos."""

    file: Path
    data: Path
    labels: Path | None
    split: str | None


_Read = tuple[Sequence[AnnotatedVideo], Sequence[str]]  # the videos and the classes


def _with_classes(
    source: Source, rows: Sequence[AnnotatedVideo], others: Sequence[str] = ()
) -> _Read:
    known = read_classes(source.labels) if source.labels else None
    return number_labels(source.file, rows, known, others)


def _read_frames(source: Source) -> _Read:
    """Folders of frames: lines `path start end label`, or `path count label` for frames 1 to count.

    Spaces, tabs, commas or semicolons separate columns. A path that ends with a number needs quotes
    or semicolons.
    """
    rows: list[AnnotatedVideo] = []
    width = 0
    for where, line in read_lines(source.file):
        cells = _split_columns(line)
        width = width or len(cells)
        if len(cells) != width or width not in (3, 4):
            raise BenchError(
                f"{where}: needs the columns 'path start end label' or 'path count label', the "
                "same in every line: separate them with ';', or use the layout 'list' for files"
            )
        path, *between, label = cells
        frames = _frames(where, between)
        path = to_path(where, path, source.data)
        rows.append(AnnotatedVideo(where, path, path, str(to_label(where, label)), frames))
    return _with_classes(source, _unique(rows))


def _split_columns(line: str) -> list[str]:
    """The columns of a line; the path may contain the separator, unless that is a semicolon."""
    if ";" in line:
        return [unquote(cell.strip()) for cell in line.split(";")]
    for separator, most in ((",", 3), (",", 2), (None, 3)):
        path, *numbers = (cell.strip() for cell in line.rsplit(separator, most))
        if len(numbers) == most and all(map(is_number, numbers)):
            return [unquote(path), *numbers]
    path, *others = line.rsplit(None, 2)
    return [unquote(path), *others]


def _frames(where: str, cells: Sequence[str]) -> tuple[int, int]:
    """The first and the last frame of `start end` or of `count`."""
    first = to_number(where, "first frame", cells[0]) if len(cells) == 2 else 1
    last = to_number(where, "last frame" if len(cells) == 2 else "number of frames", cells[-1])
    if first > last:
        raise BenchError(f"{where}: frames {first} to {last} are an empty range: correct it")
    return first, last


def _unique(rows: Sequence[AnnotatedVideo]) -> Sequence[AnnotatedVideo]:
    """The rows; if several have the same folder, their frames are added to their names."""
    times = Counter(row.path for row in rows)
    return [_with_frames(row) if times[row.path] > 1 else row for row in rows]


def _with_frames(row: AnnotatedVideo) -> AnnotatedVideo:
    first, last = row.frames or (0, 0)
    return AnnotatedVideo(row.where, f"{row.path}:{first}-{last}", row.path, row.label, row.frames)


def _read_something(source: Source) -> _Read:
    """Something-Something v2: JSON lists of videos and a JSON object of classes."""
    listed = read_json(source.file)
    if not isinstance(listed, list):
        raise BenchError(
            f"{source.file}: is not a list of videos: use train.json or validation.json"
        )
    rows = [
        _something_row(f"{source.file}: video {number}", entry)
        for number, entry in enumerate(listed, start=1)
    ]
    labels = _needed(source, "labels.json")
    numbered = [(where, name, to_label(where, text)) for where, name, text in read_numbers(labels)]
    names = {_plain(name): name for _, name, _ in numbered}
    rows = [replace(row, label=names.get(str(row.label), row.label)) for row in rows]
    return rows, in_order(labels, numbered)


def _plain(template: str) -> str:
    """A template without brackets around what varies: either file may have them."""
    return template.replace("[", "").replace("]", "")


def _something_row(where: str, entry: Any) -> AnnotatedVideo:
    fields = entry if isinstance(entry, dict) else {}
    name, template = fields.get("id"), fields.get("template")
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    if not isinstance(name, str) or not isinstance(template, str):
        raise BenchError(f"{where}: lacks 'id' or 'template' as text: use a list with labels")
    to_name(where, "the id", name)
    return AnnotatedVideo(where, name, f"{name}.webm", _plain(template))


def _needed(source: Source, example: str) -> Path:
    if source.labels is None:
        raise BenchError(
            f"{source.file}: needs the file of class names, such as {example}: give it with "
            "--labels"
        )
    return source.labels


def _read_kinetics(source: Source) -> _Read:
    """Kinetics: CSV with a header; videos may be in a folder for each class."""
    table = read_table(source.file)
    where, header = next(table, (f"{source.file}: line 1", []))
    missing = [column for column in KINETICS if column not in header]
    if missing:
        raise BenchError(f"{where}: lacks the column {missing[0]!r}: add it to the header")
    rows: list[AnnotatedVideo] = []
    splits: set[str] = set()
    for where, cells in table:
        if len(cells) != len(header):
            raise BenchError(
                f"{where}: has {count_text(len(cells), 'column')}, not {len(header)}: correct it"
            )
        fields = dict(zip(header, cells, strict=True))
        splits.add(fields.get("split", ""))
        if source.split is None or fields.get("split", source.split) == source.split:
            rows.append(_kinetics_row(where, fields))
    if splits and not rows:
        known = ", ".join(sorted(splits))
        raise BenchError(f"{source.file}: has no split {source.split!r}: use one of {known!r:.60}")
    return _with_classes(source, rows)


def _kinetics_row(where: str, fields: dict[str, str]) -> AnnotatedVideo:
    label = to_name(where, "the class", fields["label"])
    video = to_name(where, "the youtube_id", fields["youtube_id"])
    start, end = (to_number(where, c, fields[c]) for c in ("time_start", "time_end"))
    if start > end:
        raise BenchError(f"{where}: starts at {start} s and ends at {end} s: correct it")
    name = f"{video}_{start:06d}_{end:06d}"
    others = (f"{label}/{name}.mp4", f"{video}.mp4", f"{label}/{video}.mp4")
    return AnnotatedVideo(where, name, f"{name}.mp4", label, others=others)


def _holds(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except OSError:  # the name is too long, or the folder may not be read
        return False


def _read_moments(source: Source) -> _Read:
    """Moments in Time: CSV without a header, of `path,class` and columns that are not read."""
    table = list(read_table(source.file))
    if any(len(cells) == 1 for _, cells in table):  # commas do not separate it
        return _read_list(source)
    return _with_classes(source, [_listed(source, w, cells[0], cells[1]) for w, cells in table])


def _read_list(source: Source) -> _Read:
    """Lines `path label`, as SlowFast, VideoMAE, mmaction2 and VideoMamba have them."""
    return _with_classes(source, [_listed(source, *pair) for pair in read_pairs(source.file)])


def _listed(source: Source, where: str, path: str, label: str) -> AnnotatedVideo:
    path = to_path(where, path, source.data)
    return AnnotatedVideo(where, path, path, to_name(where, "the class", label))


def _read_ucf101(source: Source) -> _Read:
    """UCF101: lines `class/video number` in a training list, `class/video` in a test list."""
    rows: list[AnnotatedVideo] = []
    for where, line in read_lines(source.file):
        path, _, number = line.rpartition(" ")
        if not path or not is_number(number):
            path, number = line, ""
        folder = path.partition("/")[0] if "/" in path else ""
        to_name(where, "the class folder", folder)
        label = to_label(where, number, first=1) if number else folder
        rows.append(AnnotatedVideo(where, path.strip(), path.strip(), label))
    if source.labels is not None:
        return rows, in_order(source.labels, _ucf101_classes(source.labels))
    if any(isinstance(row.label, str) for row in rows):
        _needed(source, "classInd.txt")  # its classes are not sorted
    numbered = {(row.path.partition("/")[0], int(row.label)): row.where for row in rows}
    order = ((where, name, label) for (name, label), where in numbered.items())
    return rows, in_order(source.file, order) if rows else ()


def _ucf101_classes(labels: Path) -> Iterator[tuple[str, str, int]]:
    for where, line in read_lines(labels):
        number, _, name = line.partition(" ")
        yield where, name.strip(), to_label(where, number, first=1)


def _read_hmdb51(source: Source) -> _Read:
    """HMDB51: a folder of `<class>_test_split<n>.txt`; splits are 'train1', 'test1', ..."""
    wanted = re.fullmatch(r"(train|test)([1-9])", source.split or "")
    if wanted is None:
        raise BenchError(
            f"{source.file}: has no split {source.split!r:.60}: use train1, test1, ..."
        )
    mark = {"train": "1", "test": "2"}[wanted[1]]
    end = f"_test_split{wanted[2]}.txt"
    rows: list[AnnotatedVideo] = []
    folders = [file for file in _list_folder(source.file) if file.name.endswith(end)]
    for file in folders:
        where = f"{source.file}: file {file.name!r:.60}"
        label = to_name(where, "the class", file.name.removesuffix(end))
        for where, line in read_lines(file):
            name, _, number = line.rpartition(" ")
            if number not in ("0", "1", "2"):
                raise BenchError(f"{where}: does not end with 0, 1 or 2: write it as 'video.avi 1'")
            path = f"{label}/{to_name(where, 'the video', name.strip())}"
            if number == mark:
                rows.append(AnnotatedVideo(where, path, path, label))
    return _with_classes(source, rows, [file.name.removesuffix(end) for file in folders])


def _read_folders(source: Source) -> _Read:
    """A folder for each class; files that are no videos, such as Thumbs.db, are left alone."""
    folders = [path for path in _list_folder(source.data) if _holds(path.is_dir)]
    rows: list[AnnotatedVideo] = []
    for folder in folders:
        where = f"{source.data}: folder {folder.name!r:.60}"
        label = to_name(where, "the class", folder.name)
        files = [file for file in _list_folder(folder) if _holds(file.is_file) and is_video(file)]
        paths = [f"{label}/{file.name}" for file in files]
        rows += [AnnotatedVideo(where, path, path, label) for path in paths]
    return _with_classes(source, rows, [folder.name for folder in folders])


def _list_folder(folder: Path) -> list[Path]:
    """The contents of `folder`, sorted, without hidden files."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise BenchError(
            f"{folder}: cannot be listed ({error.strerror}): give an existing folder"
        ) from error


READERS: dict[str, Callable[[Source], _Read]] = {
    "frames": _read_frames,
    "something-v2": _read_something,
    "kinetics": _read_kinetics,
    "moments": _read_moments,
    "list": _read_list,
    "ucf101": _read_ucf101,
    "hmdb51": _read_hmdb51,
    "folders": _read_folders,
}
