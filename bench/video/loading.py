"""Batches of clips from labelled videos: what cannot be used is named, never skipped in silence.

A clip is 3 x T x S x S, a batch of clips N x 3 x T x S x S, float, normalised.
"""

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from bench.errors import BenchError
from bench.machine.processes import process_context
from bench.video.contents import digest_of_list
from bench.video.decoding import Decoder, Pick, Pictures, VideoError, read_file
from bench.video.frames import read_frames
from bench.video.labelled import Video
from bench.video.sampling import Dense, Uniform

Sampling = Uniform | Dense
Transform = Callable[[Tensor], Tensor]
T = TypeVar("T")
Draw = tuple[int, int]  # an epoch, and the place of a video in its list

MOST_UNUSABLE = 0.01  # of the videos: more, and a figure is of another set than its name says


@dataclass(frozen=True)
class Unusable:
    """A video that gave no clip, what is wrong with it in a word, and in a sentence."""

    name: str
    kind: str
    reason: str


@dataclass(frozen=True)
class Views:
    """The clips of one video, V x 3 x T x S x S."""

    label: int
    clips: Tensor


class AllViews(Dataset[Views | Unusable]):
    """Every clip and crop of each video, by its place in `videos`.

    `views` makes crops x 3 x T x S x S of the T x 3 x H x W pictures of a clip.
    """

    def __init__(
        self,
        videos: Sequence[Video],
        sampling: Sampling,
        views: Transform,
        decoder: Decoder = "pyav",
    ) -> None:
        self.videos, self._sampling, self._views, self._decoder = videos, sampling, views, decoder

    def __len__(self) -> int:
        return len(self.videos)

    def __getitem__(self, index: int) -> Views | Unusable:
        video = self.videos[index]
        try:
            read = read_video(video, self._pick, self._decoder)
        except VideoError as error:
            return Unusable(video.name, error.kind, error.reason)
        clips = [self._views(clip) for clip in read.picked.split(self._sampling.frames)]
        return Views(video.label, clips[0] if len(clips) == 1 else torch.cat(clips))

    def _pick(self, total: int) -> list[int]:
        return [index for clip in self._sampling.testing(total) for index in clip]


@dataclass(frozen=True)
class Drawn:
    """A random clip of a video, 3 x T x S x S."""

    label: int
    clip: Tensor


class RandomClips(Dataset[Drawn | Unusable]):
    """A random clip of a video, the same for the same seed, epoch and place, in any process.

    `augment` makes 3 x T x S x S of T x 3 x H x W, by torch's random numbers.
    """

    def __init__(
        self,
        videos: Sequence[Video],
        sampling: Sampling,
        augment: Transform,
        *,
        seed: int,
        decoder: Decoder = "pyav",
    ) -> None:
        self.videos, self.seed = videos, seed
        self._sampling, self._augment, self._decoder = sampling, augment, decoder

    @property
    def identity(self) -> dict[str, Any]:
        """What decides every clip, as JSON types."""
        return {
            "seed": self.seed,
            "videos": digest_of_list(self.videos),
            "sampling": repr(self._sampling),
            "augment": getattr(self._augment, "__name__", repr(self._augment)),
            "decoder": self._decoder,
        }

    def __len__(self) -> int:
        return len(self.videos)

    def __getitem__(self, draw: Draw) -> Drawn | Unusable:
        epoch, index = draw
        video = self.videos[index]
        random = np.random.default_rng([self.seed, epoch, index])
        try:
            read = read_video(
                video, lambda total: self._sampling.training(total, random), self._decoder
            )
        except VideoError as error:
            return Unusable(video.name, error.kind, error.reason)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(random.integers(1 << 63)))
            return Drawn(video.label, self._augment(read.picked))


def read_video(video: Video, pick: Pick, decoder: Decoder = "pyav") -> Pictures:
    """What `pick` wants of a file or of a folder of frames; raises `VideoError`."""
    if video.frames is None:
        return read_file(video.path, pick, decoder)
    return read_frames(video.path, *video.frames, pick)


class Losses:
    """The videos that could not be used, and when they are too many of `total`."""

    def __init__(self, total: int, most: float = MOST_UNUSABLE) -> None:
        self.unusable: dict[str, Unusable] = {}
        self._total, self._most = total, most

    def add(self, lost: Unusable) -> None:
        """Count a video."""
        self.unusable[lost.name] = lost

    @property
    def are_too_many(self) -> bool:
        """Whether more are lost than may be."""
        return len(self.unusable) > self._most * self._total

    def check(self) -> None:
        """Raise `BenchError` that names them where they are too many."""
        if self.are_too_many:
            raise BenchError(self.summary())

    def summary(self) -> str:
        """All of them in one line, with their kinds."""
        count = len(self.unusable)
        named = "; ".join(f"{u.name} is {u.kind}: {u.reason}" for u in self.unusable.values())
        return (
            f"{count} of {self._total} videos cannot be used, more than the {self._most:.1%} "
            f"allowed: mend them or allow more ({named})"
        )


def items(dataset: Dataset[T], order: Iterable[object], *, workers: int = 0) -> Iterator[T]:
    """The items that `order` names, in that order, read by so many processes or by this one.

    An interrupt is this process's to answer.
    """
    return iter(
        DataLoader(
            dataset,
            batch_size=None,  # how many clips a video gives is not the same for all
            sampler=order,
            num_workers=workers,
            multiprocessing_context=process_context() if workers else None,
            worker_init_fn=_ignore_interrupts,
        )
    )


def _ignore_interrupts(worker: int) -> None:
    """In a reading process: a terminal's Ctrl-C reaches it as well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
