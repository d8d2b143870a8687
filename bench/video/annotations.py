"""Annotation files of action-recognition data sets, as their authors distribute them.

Whether a video is there is not looked at: decoding it reports that. Every error is a `BenchError`
of one line that names the file, the line and what to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.errors import BenchError
from bench.video.labelled import Video
from bench.video.layouts import READERS, Row, Source
from bench.video.lists import to_path

Layout = Literal["frames", "something-v2", "kinetics", "moments", "ucf101", "hmdb51", "folders"]


@dataclass(frozen=True)
class Annotated:
    """The videos of a list, in its order, and the names of the classes, in that of their labels."""

    videos: tuple[Video, ...]
    classes: tuple[str, ...]


def load_annotations(
    file: Path | None,
    data: Path,
    layout: str,
    *,
    labels: Path | None = None,
    split: str | None = None,
) -> Annotated:
    """The videos below the folder `data` that the annotation `file` lists.

    `labels` is the data set's file of classes; `split` picks some rows of "kinetics" and the split
    of "hmdb51". Raises `BenchError` for files that are not of the layout.
    """
    if layout not in READERS:
        raise BenchError(f"there is no layout {layout!r}: use {', '.join(READERS)}")
    if (file is None) != (layout == "folders"):
        todo = "name it" if file is None else "leave it out"
        has = "is read from an" if file is None else "has no"
        raise BenchError(f"layout {layout!r} {has} annotation file: {todo}")
    if split is not None and layout not in ("kinetics", "hmdb51"):
        raise BenchError(f"layout {layout!r} has no splits: leave the split out")
    source = Source(file or data, data, labels, split)
    rows, classes = READERS[layout](source)
    if not rows:
        raise BenchError(f"{source.file}: lists no video: check the file and the layout {layout!r}")
    return Annotated(_number_labels(rows, classes, data), tuple(classes))


def _number_labels(rows: Sequence[Row], classes: Sequence[str], data: Path) -> tuple[Video, ...]:
    numbers = {name: number for number, name in enumerate(classes)}
    videos: dict[str, Video] = {}
    for row in rows:
        label = numbers.get(row.label, -1) if isinstance(row.label, str) else row.label
        if not 0 <= label < len(classes):
            raise BenchError(
                f"{row.where}: class {row.label!r:.60} is none of {len(classes)}: "
                "check the list and its file of classes"
            )
        if row.name in videos:
            raise BenchError(f"{row.where}: video {row.name!r:.60} is there twice: keep one")
        path = data / to_path(row.where, row.path)
        videos[row.name] = Video(row.name, path, label, row.frames)
    return tuple(videos.values())
