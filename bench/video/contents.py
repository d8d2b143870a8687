"""Hashes of what videos hold: two people with the same hash have the same clips."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.video.decoding import VideoError
from bench.video.frames import frame_files
from bench.video.labelled import Video


def content_hash(video: Video) -> str:
    """SHA-256 of a video's file, or over those of its frames, a line each.

    Raises `VideoError` for what cannot be read.
    """
    if video.frames is None:
        return file_hash(video.path)
    return _digest(file_hash(path) for path in frame_files(video.path, *video.frames))


def file_hash(path: Path) -> str:
    """SHA-256 of a file; raises `VideoError` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise VideoError(path, "missing", error.strerror or str(error)) from error


def digest_of_contents(videos: Sequence[Video]) -> str:
    """Of the contents of all, in their order."""
    return _digest(content_hash(video) for video in videos)


def digest_of_list(videos: Sequence[Video]) -> str:
    """Of names, labels and frames alone: reading hundreds of gigabytes twice takes hours."""
    return _digest(repr((video.name, video.label, video.frames)) for video in videos)


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
