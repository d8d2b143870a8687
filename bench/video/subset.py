"""Small subsets of data sets, so that different people can report accuracies on the same clips.

A manifest is JSON: how the subset was drawn, the classes, and the clips with hashes of their
contents.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from bench.errors import BenchError
from bench.json_file import explain
from bench.records.record import Record
from bench.video.annotations import AnnotatedVideos as Listed
from bench.video.container import VideoError
from bench.video.contents import content_hash
from bench.video.data_set import Video
from bench.video.lists import MAX_CLASSES, MAX_DIGITS, read_text, to_name, to_path
from bench.video.loading import Unusable, explain_unusable, read_video
from bench.wording import count_text, list_first
from models import did_you_mean

MAX_NAMED = 10  # clips in one error

Count = Annotated[int, Field(ge=1)]
Number = Annotated[int, Field(ge=0, lt=10**MAX_DIGITS)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class SubsetClip(Record):
    """A video of a subset; `path` is relative to the folder of videos."""

    name: str
    path: str
    label: Annotated[int, Field(ge=0, lt=MAX_CLASSES)]
    frames: tuple[Number, Number] | None = None
    sha256: Sha256

    @model_validator(mode="after")
    def _safe(self) -> Self:
        try:
            to_name("a clip", "the name", self.name)
            to_path(f"clip {self.name!r:.60}", self.path)
        except BenchError as error:
            raise ValueError(str(error)) from error
        if self.frames is not None and self.frames[0] > self.frames[1]:
            raise ValueError("the first frame comes after the last")
        return self


class Manifest(Record):
    """A subset: `per_class` clips of each of some classes, drawn with `seed`.

    `classes` are all classes of the data set, so that a network that was trained on it fits.
    """

    format: Literal[1] = 1
    seed: Number
    per_class: Count
    classes: Annotated[tuple[str, ...], Field(min_length=1)]
    clips: Annotated[tuple[SubsetClip, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if max(clip.label for clip in self.clips) >= len(self.classes):
            raise ValueError("the label of a clip has no class")
        if len({clip.name for clip in self.clips}) < len(self.clips):
            raise ValueError("two clips have the same name")
        return self

    @property
    def digest(self) -> str:
        """A hash of the names, the labels and the contents of the clips."""
        rows = [clip.model_dump(mode="json") for clip in self.clips]
        return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class DrawnSubset:
    """A subset, and the videos that were drawn for it but cannot be used."""

    manifest: Manifest
    passed_over: tuple[Unusable, ...]


def draw_subset(
    listed: Listed,
    data: Path,
    *,
    per_class: int,
    seed: int = 0,
    classes: Sequence[str] = (),
    on_video: Callable[[], object] = lambda: None,
) -> DrawnSubset:
    """Draw `per_class` usable videos of each of `classes`, or of all classes with videos.

    The draw depends on the seed and the names of the videos, not on their order in the list. With
    the same seed, a larger subset contains a smaller one. Raises `BenchError` for an unknown class,
    and for a class with too few usable videos, with their reasons.
    """
    if per_class < 1:
        raise BenchError(f"a subset needs at least 1 video of a class, not {per_class}")
    by_label: dict[int, list[Video]] = {}
    for video in listed.videos:
        by_label.setdefault(video.label, []).append(video)
    clips: list[SubsetClip] = []
    passed_over: list[Unusable] = []
    for label in _labels(listed, classes) or sorted(by_label):
        taken, before = 0, len(passed_over)
        candidates = iter(sorted(by_label.get(label, ()), key=lambda video: _lot(seed, video)))
        while taken < per_class:
            drawn = next(candidates, None)
            if drawn is None:
                reasons = explain_unusable(passed_over[before:])
                raise BenchError(
                    f"class {listed.classes[label]!r:.60} has {taken} usable videos, not "
                    f"{per_class}: draw fewer, or leave the class out"
                    + (f" ({reasons})" if reasons else "")
                )
            try:
                clips.append(_clip(drawn, data))
            except VideoError as error:
                passed_over.append(Unusable(drawn.name, error.kind, error.reason))
                continue
            taken += 1
            on_video()
    manifest = Manifest(seed=seed, per_class=per_class, classes=listed.classes, clips=tuple(clips))
    return DrawnSubset(manifest, tuple(passed_over))


def count_subset(listed: Listed, per_class: int, classes: Sequence[str] = ()) -> int:
    """The number of videos that `draw_subset` draws."""
    labels = _labels(listed, classes) or {video.label for video in listed.videos}
    return per_class * len(labels)


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write a manifest. Raises `BenchError` if it cannot be written."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=1) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BenchError(f"{path}: cannot be written ({error.strerror}): give another") from error


def read_manifest(path: Path) -> Manifest:
    """Read a manifest. Raises `BenchError` with the first wrong key."""
    try:
        return Manifest.model_validate_json(read_text(path))
    except ValidationError as error:
        raise BenchError(
            f"{path}: is not a manifest of this version: {explain(error)}: "
            "draw it again with 'blvbench subset'"
        ) from error


def subset_videos(
    manifest: Manifest, data: Path, on_video: Callable[[], object] = lambda: None
) -> tuple[Video, ...]:
    """The clips of a manifest in the folder `data`, with their contents checked.

    Raises `BenchError` with the clips that are missing or have other contents.
    """
    found: list[Video] = []
    wrong: list[str] = []
    for clip in manifest.clips:
        video = Video(clip.name, data / clip.path, clip.label, clip.frames)
        on_video()
        try:
            is_same = content_hash(video) == clip.sha256
        except VideoError as error:
            wrong.append(f"{clip.name} is {error.kind}: {error.reason} ({clip.path})")
            continue
        if is_same:
            found.append(video)
        else:
            wrong.append(f"{clip.name} has other contents")
    if wrong:
        raise BenchError(
            f"{data}: differs from the manifest in {len(wrong)} of "
            f"{count_text(len(manifest.clips), 'clip')}: "
            f"give the data that it was drawn from ({list_first(wrong, MAX_NAMED)})"
        )
    return tuple(found)


def _labels(listed: Listed, classes: Sequence[str]) -> list[int]:
    numbers = {name: number for number, name in enumerate(listed.classes)}
    unknown = [name for name in classes if name not in numbers]
    if unknown:
        raise BenchError(
            f"there is no class {unknown[0]!r:.60}{did_you_mean(unknown[0], listed.classes)}: "
            "use the names of the annotations"
        )
    return sorted({numbers[name] for name in classes})


def _lot(seed: int, video: Video) -> str:
    """A pseudo-random key of a video: videos are drawn in the order of these keys."""
    return hashlib.sha256(f"{seed} {video.name}".encode(errors="surrogateescape")).hexdigest()


def _clip(video: Video, data: Path) -> SubsetClip:
    """The clip of a video, with its hash. Raises `VideoError` if the video cannot be used."""
    read_video(video, lambda total: [total // 2])
    return SubsetClip(
        name=video.name,
        path=video.path.relative_to(data).as_posix(),
        label=video.label,
        frames=video.frames,
        sha256=content_hash(video),
    )
