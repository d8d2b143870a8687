"""`arrow-of-time`: generated H.264 videos in pairs of classes, each the reverse of the other.

The set has each motion twice, forwards and backwards, as two files with exactly the same decoded
pictures. A network that ignores the order of frames gives the same answer to both, so that it is
right on at most 50 %, whatever it learns. That holds if the frames of a clip are symmetric about
the middle of the video, as 4, 8, 12 and 16 frames of uniform test sampling are.

The set tests temporal modelling. It does not replace Something-Something: it has no appearance,
context or people.
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
from bench.video.data_set import Video
from bench.video.encoding import write_video
from bench.video.motions import PAIRS, Tier, draw_motion

NAME = "arrow-of-time"
CLASSES = tuple(name for pair in PAIRS for name in (pair.forwards, pair.backwards))
PER_CLASS = {"train": 100, "test": 30}
RATE = 12  # pictures a second
# Every picture is coded by itself and with equal quality: a reversed video has the same pictures.
ENCODING = {"g": "1", "qp": "24", "preset": "ultrafast"}

Split = Literal["train", "test"]


@dataclass(frozen=True)
class Motion:
    """A video of the set. `pair` is the index in `PAIRS`, `number` the seed."""

    split: Split
    pair: int
    number: int
    is_backwards: bool

    @property
    def name(self) -> str:
        """The path of its file, in a folder for its split."""
        way = "backwards" if self.is_backwards else "forwards"
        return f"{self.split}/{self.pair}-{self.number:04}-{way}.mp4"

    @property
    def label(self) -> int:
        """The number of its class."""
        return 2 * self.pair + self.is_backwards

    @property
    def tier(self) -> Tier:
        """The tier of its class: what a network must see to recognise the direction."""
        return PAIRS[self.pair].tier


def list_motions(split: Split) -> tuple[Motion, ...]:
    """Every video of a split, each motion followed by its reverse."""
    return tuple(
        Motion(split, pair, number, is_backwards)
        for number in range(PER_CLASS[split])
        for pair in range(len(PAIRS))
        for is_backwards in (False, True)
    )


def generate_videos(
    split: Split,
    folder: Path | None = None,
    *,
    seed: int = 0,
    on_pair: Callable[[], object] = lambda: None,
) -> Path:
    """Generate the missing videos of a split, and return the folder of the set.

    The default `folder` is the user's cache. Processes that call this at the same time share the
    work. Calls `on_pair` for each motion and its reverse. Raises `BenchError` if the folder cannot
    be written.
    """
    root = (cache_folder() if folder is None else folder) / f"{NAME}-{set_version(seed)}"
    pairs = [m for m in list_motions(split) if not m.is_backwards]
    start = os.getpid() * 7919 % len(pairs)  # each process starts elsewhere
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
    """The folder of generated data: $XDG_CACHE_HOME/blvbench, or ~/.cache/blvbench."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "blvbench"


def set_version(seed: int = 0) -> str:
    """A fingerprint of the generator, the encoder and the seed, which decide the files."""
    sources = code_version("bench.video.arrow_of_time")
    encoder = [installed_version(name) for name in ("av", "numpy")]
    return hashlib.sha256(repr((sources, encoder, seed)).encode()).hexdigest()[:12]


def _make(root: Path, forwards: Motion, seed: int) -> None:
    """Write a motion and its reverse, unless both exist."""
    backwards = Motion(forwards.split, forwards.pair, forwards.number, is_backwards=True)
    missing = [m for m in (forwards, backwards) if not (root / m.name).exists()]
    if not missing:
        return
    is_test = forwards.split == "test"
    random = np.random.default_rng([seed, is_test, forwards.pair, forwards.number])
    pictures = draw_motion(PAIRS[forwards.pair], random)
    for motion in missing:
        ordered = pictures[::-1] if motion.is_backwards else pictures
        write_video(root / motion.name, ordered, rate=RATE, options=ENCODING)


def arrow_videos(split: Split, root: Path) -> tuple[Video, ...]:
    """The videos of a split that `generate_videos` made below `root`, grouped by tier.

    Each motion is followed by its reverse, in the list and in its group.
    """
    return tuple(Video(m.name, root / m.name, m.label, group=m.tier) for m in list_motions(split))
