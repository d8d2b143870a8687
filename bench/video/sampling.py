"""Sampling: which frames of a video make a clip, as indices from 0, by the papers' rules.

Sources: TSN (Wang et al., ECCV 2016), TSM (MIT's temporal-shift-module) and the code of bLVNet-TAM
(IBM's bLVNet-TAM and action-recognition-pytorch). They agree unless a docstring says otherwise.
"""

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING

from bench.errors import BenchError

if TYPE_CHECKING:
    from numpy.random import Generator

ClipIndices = tuple[int, ...]


@dataclass(frozen=True)
class Uniform:
    """Uniform sampling, as of TSN: one picture of each of `frames` equal segments of the video.

    For testing it is the middle picture of a segment. Further clips take pictures beside it, within
    the segment.
    """

    frames: int
    clips: int = 1

    def __post_init__(self) -> None:
        _check(frames=self.frames, clips=self.clips)

    def testing(self, total: int) -> tuple[ClipIndices, ...]:
        """The test clips of a video of `total` pictures; a short video repeats pictures."""
        segment = total / self.frames
        first = -((self.clips - 1) // 2)  # 2 clips take offsets 0 and 1, 3 take -1 to 1
        return tuple(self._shift(segment, first + clip) for clip in range(self.clips))

    def _shift(self, segment: float, offset: float) -> ClipIndices:
        nearly = segment / 2 - 1e-4  # the next segment begins at half a segment from the middle
        within = min(max(offset, -segment / 2), nearly)
        return tuple(floor(segment / 2 + within + segment * i) for i in range(self.frames))

    def training(self, total: int, random: "Generator") -> ClipIndices:
        """A training clip: a random picture of each segment.

        If the video is shorter than `frames`, random pictures in order, with repetition.
        """
        segment = total // self.frames
        if not segment:
            return tuple(sorted(int(i) for i in random.integers(total, size=self.frames)))
        within = random.integers(segment, size=self.frames)
        return tuple(i * segment + int(offset) for i, offset in enumerate(within))


@dataclass(frozen=True)
class Dense:
    """Dense sampling, as of I3D: pictures `stride` apart; after its end the video starts again.

    For testing, `clips` start at equal distances; a single clip starts at the first picture.
    """

    frames: int
    clips: int = 1
    stride: int = 8

    def __post_init__(self) -> None:
        _check(frames=self.frames, clips=self.clips, stride=self.stride)

    def testing(self, total: int) -> tuple[ClipIndices, ...]:
        """The test clips of a video of `total` pictures."""
        last = self._starts(total) - 1
        spacing = last / (self.clips - 1) if self.clips > 1 else 0
        return tuple(self._from(int(clip * spacing), total) for clip in range(self.clips))

    def training(self, total: int, random: "Generator") -> ClipIndices:
        """A training clip with a random start."""
        return self._from(int(random.integers(self._starts(total))), total)

    def _starts(self, total: int) -> int:
        return max(1, 1 + total - self.stride * self.frames)

    def _from(self, start: int, total: int) -> ClipIndices:
        return tuple((start + self.stride * i) % total for i in range(self.frames))


def _check(**counts: int) -> None:
    """Raise `BenchError` unless every count is at least 1."""
    for name, count in counts.items():
        if count < 1:
            raise BenchError(f"{name} must be at least 1, not {count}")
