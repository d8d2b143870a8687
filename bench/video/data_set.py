"""A data set: labelled videos with what a training or an evaluation must know about them."""

from dataclasses import dataclass

from bench.video.labelled import Video

FULL_SIZE = 224  # the side of a clip in pixels, except for generated videos


@dataclass(frozen=True)
class DataSet:
    """Videos, with the name and the digest that a record has, and the size of their clips.

    `may_flip` says whether mirror images have the same labels; None if it is not known.
    `is_generated` says whether it is `arrow-of-time`.
    """

    name: str
    digest: str
    videos: tuple[Video, ...]
    num_classes: int
    size: int = FULL_SIZE
    may_flip: bool | None = None
    is_generated: bool = False
