"""The arguments that name videos, and the data set that they make."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from bench.commands import UsageError
from bench.commands.output import progress_bar
from bench.machine.environment import usable_cores
from bench.video.annotations import Annotated, load_annotations
from bench.video.arrow_of_time import CLASSES, NAME, Split, generate, motions
from bench.video.arrow_of_time import videos as generated
from bench.video.contents import digest_of_contents, digest_of_list
from bench.video.decoding import Decoder
from bench.video.labelled import Video
from bench.video.layouts import READERS
from bench.video.loading import MOST_UNUSABLE
from bench.video.motions import SIZE
from bench.video.sampling import Dense, Uniform

FULL_SIZE = 224  # pixels, of clips of videos that people recorded
# Whether a clip's mirror image has its label; of other layouts it is not known.
MAY_FLIP = {
    "something-v2": False,
    "kinetics": True,
    "moments": True,
    "ucf101": True,
    "hmdb51": True,
}


@dataclass(frozen=True)
class DataSet:
    """Videos, their name in a record with a digest, how many classes, and the side of their clips.

    `may_flip`: whether their mirror images have the same labels, None where it is not known.
    `is_generated`: whether it is `arrow-of-time`.
    """

    name: str
    digest: str
    videos: tuple[Video, ...]
    num_classes: int
    size: int = FULL_SIZE
    may_flip: bool | None = None
    is_generated: bool = False


def add_annotations(parser: ArgumentParser, data_help: str, *, is_needed: bool) -> None:
    """Give a command the arguments that `annotated` reads."""
    parser.add_argument("--data", type=Path, required=is_needed, metavar="FOLDER", help=data_help)
    parser.add_argument(
        "--layout",
        required=is_needed,
        choices=tuple(READERS),
        help="how the videos are listed: 'folders' is a folder for each class, without a list",
    )
    parser.add_argument("--annotations", type=Path, metavar="FILE", help="the list of videos")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="the list of classes")
    parser.add_argument(
        "--split", help="of 'kinetics': train, validate, ...; of 'hmdb51': train1, test1, ..."
    )


def annotated(arguments: Namespace) -> Annotated:
    """The videos that the annotations list."""
    return load_annotations(
        arguments.annotations,
        arguments.data,
        arguments.layout,
        labels=arguments.labels,
        split=arguments.split,
    )


def add_data(parser: ArgumentParser) -> None:
    """Give a command the arguments that `data_set` and `sampling` read."""
    add_annotations(parser, f"the videos (default: {NAME}, generated)", is_needed=False)
    parser.add_argument(
        "--manifest", type=Path, metavar="FILE", help="a subset of 'blvbench subset', not a list"
    )
    parser.add_argument(
        "--sampling",
        choices=("uniform", "dense"),
        default="uniform",
        help="frames of equal segments, or a fixed stride apart (default: uniform)",
    )
    parser.add_argument(
        "--stride", type=int, help=f"of dense sampling, frames (default: {Dense(1).stride})"
    )
    parser.add_argument(
        "--decoder",
        choices=get_args(Decoder),
        default="pyav",
        help="of video files (default: pyav)",
    )
    parser.add_argument(
        "--unusable",
        type=float,
        default=MOST_UNUSABLE,
        metavar="SHARE",
        help=f"of videos, at most, that may be unusable (default: {MOST_UNUSABLE})",
    )
    parser.add_argument(
        "--workers", type=int, help="processes that read videos (default: none, on a GPU all cores)"
    )


def clip_size(arguments: Namespace, data: DataSet) -> int:
    """The side of the clips in pixels."""
    if arguments.input_size is None:
        return data.size
    if arguments.input_size < 1:
        raise UsageError(f"--input-size must be at least 1, not {arguments.input_size}")
    return int(arguments.input_size)


def sampling(arguments: Namespace, frames: int, clips: int = 1) -> Uniform | Dense:
    """Which frames of a video make its clips."""
    if arguments.sampling == "uniform":
        if arguments.stride is not None:
            raise UsageError("--stride is of --sampling dense: give both")
        return Uniform(frames, clips)
    if arguments.stride is None:
        return Dense(frames, clips)
    return Dense(frames, clips, arguments.stride)


def workers(arguments: Namespace, device: str) -> int:
    """How many processes read videos."""
    if arguments.workers is None:
        return usable_cores() if device == "cuda" else 0
    if arguments.workers < 0:
        raise UsageError(f"--workers must be at least 0, not {arguments.workers}")
    return int(arguments.workers)


def data_set(arguments: Namespace, split: Split) -> DataSet:
    """The videos that the arguments name; makes the split of `arrow-of-time` where they name none.

    Raises `UsageError` for arguments that do not go together, `BenchError` for files that are not
    what they should be.
    """
    if not 0 <= arguments.unusable <= 1:
        raise UsageError(f"--unusable is a share of 0 to 1, not {arguments.unusable}")
    listed = [
        f"--{name}"
        for name in ("layout", "annotations", "labels", "split")
        if getattr(arguments, name) is not None
    ]
    if arguments.data is None:
        if arguments.manifest is not None or listed:
            raise UsageError(f"{[*listed, '--manifest'][0]} is of videos of your own: give --data")
        return _generated(split)
    if arguments.manifest is not None:
        if listed:
            raise UsageError(f"--manifest lists the clips: leave {listed[0]} out")
        return _subset(arguments.manifest, arguments.data)
    if arguments.layout is None:
        raise UsageError("--data needs --layout and its lists, or --manifest")
    found = annotated(arguments)
    return DataSet(
        f"{arguments.layout} {(arguments.annotations or arguments.data).name}",
        f"list {digest_of_list(found.videos)}",
        found.videos,
        len(found.classes),
        may_flip=MAY_FLIP.get(arguments.layout),
    )


def _generated(split: Split) -> DataSet:
    with progress_bar(len(motions(split)) // 2, f"{NAME}, {split}") as advance:
        root = generate(split, on_pair=ticking(advance))
    found = generated(split, root)
    return DataSet(
        NAME,
        digest_of_contents(found),
        found,
        len(CLASSES),
        SIZE,
        may_flip=False,
        is_generated=True,
    )


def _subset(file: Path, data: Path) -> DataSet:
    from bench.video import subset

    manifest = subset.read(file)
    with progress_bar(len(manifest.clips), "checking the clips") as advance:
        found = subset.videos(manifest, data, ticking(advance))
    return DataSet(file.stem, manifest.digest, found, len(manifest.classes))


def ticking(advance: Callable[[None], None]) -> Callable[[], None]:
    """A progress bar's advance, for those who have no result to pass."""
    return lambda: advance(None)
