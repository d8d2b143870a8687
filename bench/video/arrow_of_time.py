"""`arrow-of-time`: short H.264 videos in classes that are each other's reverse, made on demand.

Each motion stands in the set twice, forwards and backwards, as two files of exactly the same
decoded pictures. A network that is blind to the order of frames answers alike to both, so it is
right on at most one of the two: 50 %, whatever it learns. That holds where a clip's frames lie
alike from both ends, as 4, 8, 12 and 16 frames of uniform test sampling do.

The set tests temporal modelling. It is no stand-in for Something-Something: nothing of appearance,
context or people is in it.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from bench.errors import BenchError
from bench.machine.environment import installed_version
from bench.source import code_version
from bench.video.encoding import write_video
from bench.video.labelled import Video
from bench.video.motions import PAIRS, Tier, draw

NAME = "arrow-of-time"
CLASSES = tuple(name for pair in PAIRS for name in (pair.forwards, pair.backwards))
PER_CLASS = {"train": 100, "test": 30}
RATE = 12  # pictures a second
# Every picture is coded by itself and equally well: a video backwards has the same pictures.
ENCODING = {"g": "1", "qp": "24", "preset": "ultrafast"}

Split = Literal["train", "test"]


@dataclass(frozen=True)
class Motion:
    """A video of the set, or the pair of it: `pair` is its place in `PAIRS`, `number` its seed."""

    split: Split
    pair: int
    number: int
    is_backwards: bool

    @property
    def name(self) -> str:
        """Of its file, in a folder of its split."""
        way = "backwards" if self.is_backwards else "forwards"
        return f"{self.split}/{self.pair}-{self.number:04}-{way}.mp4"

    @property
    def label(self) -> int:
        """The number of its class."""
        return 2 * self.pair + self.is_backwards

    @property
    def tier(self) -> Tier:
        """What tells its class from the reversed one."""
        return PAIRS[self.pair].tier


def motions(split: Split) -> tuple[Motion, ...]:
    """Every video of a split: each class equally often, a motion beside its reverse."""
    return tuple(
        Motion(split, pair, number, is_backwards)
        for number in range(PER_CLASS[split])
        for pair in range(len(PAIRS))
        for is_backwards in (False, True)
    )


def generate(
    split: Split,
    folder: Path | None = None,
    *,
    seed: int = 0,
    on_pair: Callable[[], object] = lambda: None,
) -> Path:
    """Make what is missing of a split, and return the folder that the motions' names are below.

    Without `folder`, the user's cache. Processes that do this at once share the work. Calls
    `on_pair` for each motion and its reverse. Raises `BenchError` where it cannot be written.
    """
    root = (cache_folder() if folder is None else folder) / f"{NAME}-{version(seed)}"
    pairs = [m for m in motions(split) if not m.is_backwards]
    start = os.getpid() * 7919 % len(pairs)  # each process somewhere else
    try:
        (root / split).mkdir(parents=True, exist_ok=True)
        for motion in pairs[start:] + pairs[:start]:
            _make(root, motion, seed)
            on_pair()
    except OSError as error:
        raise BenchError(
            f"{root}: {error.strerror}: set XDG_CACHE_HOME to a folder that can be written"
        ) from error
    return root


def cache_folder() -> Path:
    """Where generated data is kept: $XDG_CACHE_HOME/blvbench, or ~/.cache/blvbench."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "blvbench"


def version(seed: int = 0) -> str:
    """Of all that decides the set's files: another generator, encoder or seed makes another set."""
    sources = code_version("bench.video.arrow_of_time")
    encoder = [installed_version(name) for name in ("av", "numpy")]
    return hashlib.sha256(repr((sources, encoder, seed)).encode()).hexdigest()[:12]


def _make(root: Path, forwards: Motion, seed: int) -> None:
    """Write a motion and its reverse, unless both are there."""
    backwards = Motion(forwards.split, forwards.pair, forwards.number, is_backwards=True)
    missing = [m for m in (forwards, backwards) if not (root / m.name).exists()]
    if not missing:
        return
    is_test = forwards.split == "test"
    random = np.random.default_rng([seed, is_test, forwards.pair, forwards.number])
    pictures = draw(PAIRS[forwards.pair], random)
    for motion in missing:
        ordered = pictures[::-1] if motion.is_backwards else pictures
        write_video(root / motion.name, ordered, rate=RATE, options=ENCODING)


def videos(split: Split, root: Path) -> tuple[Video, ...]:
    """The videos of a split that `generate` made below `root`, grouped by tier."""
    return tuple(Video(m.name, root / m.name, m.label, group=m.tier) for m in motions(split))
