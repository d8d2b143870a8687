"""Hashes of the contents of videos: equal hashes mean equal clips."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.video.container import VideoError
from bench.video.data_set import Video
from bench.video.frame_folders import frame_files


def content_hash(video: Video) -> str:
    """The SHA-256 of a video's file, or of the hashes of its frames, a line each.

    Raises `VideoError` for a file that cannot be read.
    """
    if video.frames is None:
        return file_hash(video.path)
    return _digest(file_hash(path) for path in frame_files(video.path, *video.frames))


def file_hash(path: Path) -> str:
    """The SHA-256 of a file. Raises `VideoError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise VideoError(path, "missing", error.strerror or str(error)) from error


def digest_of_contents(videos: Sequence[Video]) -> str:
    """A hash of the contents of all videos, in their order."""
    return _digest(content_hash(video) for video in videos)


def digest_of_list(videos: Sequence[Video]) -> str:
    """A hash of names, labels and frames only: reading hundreds of gigabytes takes hours."""
    return _digest(repr((video.name, video.label, video.frames)) for video in videos)


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
