"""Labelled videos: what every data set is a list of."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Video:
    """A video file, the number of its class from 0, and the group of classes that this is in.

    `name` is its own in a list.
    """

    name: str
    path: Path
    label: int
    group: str = ""
