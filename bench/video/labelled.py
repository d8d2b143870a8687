"""A labelled video: every data set is a list of them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Video:
    """A video file or, with `frames` as first and last number, a folder of JPEG frames.

    `name` is unique in its list. `label` is the number of the class, from 0. `group` is a group of
    classes whose accuracy is reported by itself; "" for none.
    """

    name: str
    path: Path
    label: int
    frames: tuple[int, int] | None = None
    group: str = ""
