"""Labelled videos, and a data set: what training and evaluation must know about its videos."""

from dataclasses import dataclass, field
from pathlib import Path

FULL_SIZE = 224  # the side of a clip in pixels, except for generated videos


@dataclass(frozen=True)
class Video:
    """A video file or, with `frames` as first and last number, a folder of frames.

    `name` is unique in its list. `label` is the number of the class, from 0. `group` is a group of
    classes whose accuracy is reported by itself; "" for none. `sought` are the paths that were
    looked for, if no file was found.
    """

    name: str
    path: Path
    label: int
    frames: tuple[int, int] | None = None
    group: str = ""
    sought: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class DataSet:
    """Videos, with the name and the digest that a record has, and the size of their clips.

    `may_flip` says whether mirror images have the same labels; None if it is not known.
    `is_generated` says whether it is `arrow-of-time`.
    """

    name: str
    digest: str
    videos: tuple[Video, ...]
    num_classes: int
    size: int = FULL_SIZE
    may_flip: bool | None = None
    is_generated: bool = False
