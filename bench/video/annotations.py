"""Annotation files of action-recognition data sets, as their authors distribute them.

Files are looked for by name only: decoding reports a missing one. Every error is a `BenchError` of
one line with the file, its line and what to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.errors import BenchError
from bench.video.data_set import Video
from bench.video.finding import Finder
from bench.video.layouts import READERS, Source
from bench.video.lists import AnnotatedVideo, to_path
from bench.wording import count_text

Layout = Literal[
    "frames", "list", "something-v2", "kinetics", "moments", "ucf101", "hmdb51", "folders"
]


@dataclass(frozen=True)
class AnnotatedVideos:
    """The videos of a list in its order, and the names of the classes in the order of labels."""

    videos: tuple[Video, ...]
    classes: tuple[str, ...]


def load_annotations(
    file: Path | None,
    data: Path,
    layout: str,
    *,
    labels: Path | None = None,
    split: str | None = None,
) -> AnnotatedVideos:
    """The videos that the annotation `file` lists; their paths are below the folder `data`.

    `labels` is the data set's file of classes. `split` selects rows of "kinetics", and the split of
    "hmdb51". Raises `BenchError` for files of another layout.
    """
    if layout not in READERS:
        raise BenchError(f"there is no layout {layout!r}: use {', '.join(READERS)}")
    if (file is None) != (layout == "folders"):
        problem, advice = ("needs an", "give it") if file is None else ("has no", "leave it out")
        raise BenchError(f"layout {layout!r} {problem} annotation file: {advice}")
    if split is not None and layout not in ("kinetics", "hmdb51"):
        raise BenchError(f"layout {layout!r} has no splits: leave the split out")
    source = Source(file or data, data, labels, split)
    rows, classes = READERS[layout](source)
    if not rows:
        raise BenchError(
            f"{source.file}: lists no videos: check the file and the layout {layout!r}"
        )
    return AnnotatedVideos(_number_labels(rows, classes, data), tuple(classes))


def _number_labels(
    rows: Sequence[AnnotatedVideo], classes: Sequence[str], data: Path
) -> tuple[Video, ...]:
    numbers = {name: number for number, name in enumerate(classes)}
    videos: dict[str, Video] = {}
    finder = Finder(data)
    for row in rows:
        label = numbers.get(row.label, -1) if isinstance(row.label, str) else row.label
        if not 0 <= label < len(classes):
            raise BenchError(
                f"{row.where}: class {row.label!r:.60} is not among the "
                f"{count_text(len(classes), 'class', 'classes')}: "
                "check the list and the file of classes"
            )
        if row.name in videos:
            raise BenchError(f"{row.where}: video {row.name!r:.60} is a duplicate: keep one")
        videos[row.name] = _find(finder, data, row, label)
    return tuple(videos.values())


def _find(finder: Finder, data: Path, row: AnnotatedVideo, label: int) -> Video:
    paths = [to_path(row.where, path) for path in (row.path, *row.others)]
    paths += [path.replace("\\", "/") for path in paths if "\\" in path]  # of Windows
    found = finder.find(paths, folders=row.frames is not None)
    if len(found) > 1:
        raise BenchError(
            f"{row.where}: video {row.path!r:.60} may be {found[0]!r} or {found[1]!r}: keep one"
        )
    if found:
        return Video(row.name, data / found[0], label, row.frames)
    return Video(row.name, data / paths[0], label, row.frames, sought=tuple(paths))
