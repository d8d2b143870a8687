"""Labelled videos: what every data set is a list of."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Video:
    """A video file, or with `frames`, the first and last number, a folder of JPEG frames.

    `name` is its own in a list, `label` the number of its class from 0, `group` what its class is
    counted under beside the whole.
    """

    name: str
    path: Path
    label: int
    frames: tuple[int, int] | None = None
    group: str = ""
