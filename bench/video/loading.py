"""Loading of clips from labelled videos. Every video that cannot be used is reported.

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
from bench.video.container import VideoError
from bench.video.contents import digest_of_list
from bench.video.data_set import Video
from bench.video.decoding import Decoder, Pick, Pictures, read_file
from bench.video.frame_folders import read_frames
from bench.video.sampling import Dense, Uniform

Sampling = Uniform | Dense
Transform = Callable[[Tensor], Tensor]
T = TypeVar("T")
Draw = tuple[int, int]  # an epoch, and the index of a video

# The largest share of unusable videos: with more, the accuracy would not be on the named data set.
MAX_UNUSABLE = 0.01
MAX_NAMED = 5  # unusable videos of a kind in one error


@dataclass(frozen=True)
class Unusable:
    """A video that cannot be used: its name, the kind of problem, and the reason."""

    name: str
    kind: str
    reason: str


@dataclass(frozen=True)
class EvaluationClips:
    """All test clips of one video, V x 3 x T x S x S: every clip and crop.

    `source` says which files of a folder of frames they are; "" for a video file.
    """

    label: int
    clips: Tensor
    source: str = ""


class EvaluationSet(Dataset[EvaluationClips | Unusable]):
    """A data set for testing: the test clips of each video, by its index in `videos`.

    `crop` turns the T x 3 x H x W pictures of a clip into crops x 3 x T x S x S.
    """

    def __init__(
        self,
        videos: Sequence[Video],
        sampling: Sampling,
        crop: Transform,
        decoder: Decoder = "pyav",
    ) -> None:
        self.videos, self._sampling, self._crop, self._decoder = videos, sampling, crop, decoder

    def __len__(self) -> int:
        return len(self.videos)

    def __getitem__(self, index: int) -> EvaluationClips | Unusable:
        video = self.videos[index]
        try:
            read = read_video(video, self._pick, self._decoder)
        except VideoError as error:
            return Unusable(video.name, error.kind, error.reason)
        clips = [self._crop(clip) for clip in read.picked.split(self._sampling.frames)]
        views = clips[0] if len(clips) == 1 else torch.cat(clips)
        return EvaluationClips(video.label, views, read.source)

    def _pick(self, total: int) -> list[int]:
        return [index for clip in self._sampling.testing(total) for index in clip]


@dataclass(frozen=True)
class TrainingClip:
    """A random clip of a video for training, 3 x T x S x S."""

    label: int
    clip: Tensor


class TrainingSet(Dataset[TrainingClip | Unusable]):
    """A data set for training: a random clip of a video, for an epoch and an index.

    The same seed, epoch and index give the same clip in any process. `augment` turns T x 3 x H x W
    pictures into 3 x T x S x S, with torch's random numbers.
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
        """Everything that affects the clips, as JSON types."""
        return {
            "seed": self.seed,
            "videos": digest_of_list(self.videos),
            "sampling": repr(self._sampling),
            "augment": getattr(self._augment, "__name__", repr(self._augment)),
            "decoder": self._decoder,
        }

    def __len__(self) -> int:
        return len(self.videos)

    def __getitem__(self, draw: Draw) -> TrainingClip | Unusable:
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
            return TrainingClip(video.label, self._augment(read.picked))


def read_video(video: Video, pick: Pick, decoder: Decoder = "pyav") -> Pictures:
    """The pictures of a file, or of a folder of frames, that `pick` selects.

    Raises `VideoError` for a video that cannot be used.
    """
    if video.sought:
        kind = "file, whatever its suffix" if video.frames is None else "folder of frames"
        reason = f"there is no such {kind}: looked for {', '.join(video.sought)}"
        raise VideoError(video.path, "missing", reason)
    if video.frames is None:
        return read_file(video.path, pick, decoder)
    return read_frames(video.path, *video.frames, pick)


class UnusableVideos:
    """The unusable videos, of which at most the share `most` of `total` is allowed."""

    def __init__(self, total: int, most: float = MAX_UNUSABLE) -> None:
        self.by_name: dict[str, Unusable] = {}
        self._total, self._most = total, most

    def add(self, video: Unusable) -> None:
        """Add an unusable video."""
        self.by_name[video.name] = video

    @property
    def are_too_many(self) -> bool:
        """Whether there are more than allowed."""
        return len(self.by_name) > self._most * self._total

    def check(self) -> None:
        """Raise `BenchError` with kinds and examples if there are more than allowed."""
        if self.are_too_many:
            raise BenchError(self.summary())

    def summary(self) -> str:
        """How many they are, their kinds and examples, in one line."""
        count = len(self.by_name)
        return (
            f"{count} of {self._total} videos cannot be used, but at most {self._most:.1%} may be "
            f"unusable: repair them, or allow more with --unusable "
            f"({explain_unusable(self.by_name.values())})"
        )


def explain_unusable(videos: Iterable[Unusable]) -> str:
    """Some unusable videos of each kind with their reasons, and the number of others."""
    by_kind: dict[str, list[Unusable]] = {}
    for video in videos:
        by_kind.setdefault(video.kind, []).append(video)
    named: list[str] = []
    for kind, alike in by_kind.items():
        named += [f"{video.name} is {kind}: {video.reason}" for video in alike[:MAX_NAMED]]
        if len(alike) > MAX_NAMED:
            named.append(f"{len(alike) - MAX_NAMED} more are {kind}")
    return "; ".join(named)


def load_items(dataset: Dataset[T], order: Iterable[object], *, workers: int = 0) -> Iterator[T]:
    """The items at the indices in `order`, read by `workers` processes; 0 reads in this one.

    Only this process handles an interrupt.
    """
    return iter(
        DataLoader(
            dataset,
            batch_size=None,  # videos have different numbers of clips
            sampler=order,
            num_workers=workers,
            multiprocessing_context=process_context() if workers else None,
            worker_init_fn=_ignore_interrupts,
        )
    )


def _ignore_interrupts(worker: int) -> None:
    """Ignore Ctrl-C, which a terminal sends to reading processes as well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
