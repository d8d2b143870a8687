"""The arguments that name videos, and their data set."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from bench.commands import UsageError
from bench.commands.output import progress_bar
from bench.machine.environment import usable_cores
from bench.video.annotations import AnnotatedVideos, load_annotations
from bench.video.arrow_of_time import (
    CLASSES,
    NAME,
    Split,
    arrow_videos,
    generate_videos,
    list_motions,
)
from bench.video.contents import digest_of_contents, digest_of_list
from bench.video.data_set import DataSet
from bench.video.decoding import Decoder
from bench.video.layouts import READERS
from bench.video.loading import MAX_UNUSABLE
from bench.video.motions import SIZE
from bench.video.sampling import Dense, Uniform

# Whether the mirror image of a clip has the same label. For other layouts it is not known.
MAY_FLIP = {
    "something-v2": False,
    "kinetics": True,
    "moments": True,
    "ucf101": True,
    "hmdb51": True,
}


def add_annotations(parser: ArgumentParser, data_help: str, *, is_needed: bool) -> None:
    """Add the arguments that `load_annotated` reads."""
    parser.add_argument("--data", type=Path, required=is_needed, metavar="FOLDER", help=data_help)
    parser.add_argument(
        "--layout",
        required=is_needed,
        choices=tuple(READERS),
        help="layout of the annotations; 'list' has lines of a path and a label, 'folders' a "
        "folder for each class and no list",
    )
    parser.add_argument("--annotations", type=Path, metavar="FILE", help="list of videos")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="list of classes")
    parser.add_argument(
        "--split",
        help="split of 'kinetics' (train, validate, ...) or 'hmdb51' (train1, test1, ...)",
    )


def load_annotated(arguments: Namespace) -> AnnotatedVideos:
    """The videos that the annotations list."""
    return load_annotations(
        arguments.annotations,
        arguments.data,
        arguments.layout,
        labels=arguments.labels,
        split=arguments.split,
    )


def add_data(parser: ArgumentParser) -> None:
    """Add the arguments that `load_data_set` and `make_sampling` read."""
    add_annotations(
        parser, f"folder of the videos (default: {NAME}, which is generated)", is_needed=False
    )
    parser.add_argument(
        "--manifest",
        type=Path,
        metavar="FILE",
        help="manifest of 'blvbench subset', in place of a list",
    )
    parser.add_argument(
        "--sampling",
        choices=("uniform", "dense"),
        default="uniform",
        help="sampling of frames: one of each equal segment, or a fixed stride apart "
        "(default: uniform)",
    )
    parser.add_argument(
        "--stride",
        type=int,
        help=f"stride of dense sampling in frames (default: {Dense(1).stride})",
    )
    parser.add_argument(
        "--decoder",
        choices=get_args(Decoder),
        default="pyav",
        help="decoder of video files (default: pyav)",
    )
    parser.add_argument(
        "--unusable",
        type=float,
        default=MAX_UNUSABLE,
        metavar="SHARE",
        help=f"largest allowed share of unusable videos (default: {MAX_UNUSABLE})",
    )
    parser.add_argument(
        "--workers",
        type=int,
        help="number of processes that read videos (default: 0; with a GPU one for each core)",
    )


def clip_size(arguments: Namespace, data: DataSet) -> int:
    """The side of the clips in pixels."""
    if arguments.input_size is None:
        return data.size
    if arguments.input_size < 1:
        raise UsageError(f"--input-size must be at least 1, not {arguments.input_size}")
    return int(arguments.input_size)


def make_sampling(arguments: Namespace, frames: int, clips: int = 1) -> Uniform | Dense:
    """The sampling of frames that the arguments name."""
    if arguments.sampling == "uniform":
        if arguments.stride is not None:
            raise UsageError("--stride needs --sampling dense: give both")
        return Uniform(frames, clips)
    if arguments.stride is None:
        return Dense(frames, clips)
    return Dense(frames, clips, arguments.stride)


def worker_count(arguments: Namespace, device: str) -> int:
    """The number of processes that read videos."""
    if arguments.workers is None:
        return usable_cores() if device == "cuda" else 0
    if arguments.workers < 0:
        raise UsageError(f"--workers must be at least 0, not {arguments.workers}")
    return int(arguments.workers)


def load_data_set(arguments: Namespace, split: Split) -> DataSet:
    """The data set that the arguments name; without any, the `split` of `arrow-of-time`.

    Generates `arrow-of-time` if it is missing. Raises `UsageError` for arguments that exclude each
    other, `BenchError` for files that cannot be used.
    """
    if not 0 <= arguments.unusable <= 1:
        raise UsageError(f"--unusable must be a share from 0 to 1, not {arguments.unusable}")
    listed = [
        f"--{name}"
        for name in ("layout", "annotations", "labels", "split")
        if getattr(arguments, name) is not None
    ]
    if arguments.data is None:
        if arguments.manifest is not None or listed:
            raise UsageError(f"{[*listed, '--manifest'][0]} needs your own videos: give --data")
        return _generate(split)
    if arguments.manifest is not None:
        if listed:
            raise UsageError(f"--manifest lists the videos: leave out {listed[0]}")
        return _subset(arguments.manifest, arguments.data)
    if arguments.layout is None:
        raise UsageError("--data needs --layout and its lists, or --manifest: give one of them")
    found = load_annotated(arguments)
    return DataSet(
        f"{arguments.layout} {(arguments.annotations or arguments.data).name}",
        f"list {digest_of_list(found.videos)}",
        found.videos,
        len(found.classes),
        may_flip=MAY_FLIP.get(arguments.layout),
    )


def _generate(split: Split) -> DataSet:
    with progress_bar(len(list_motions(split)) // 2, f"{NAME}, {split}") as advance:
        root = generate_videos(split, on_pair=as_tick(advance))
    found = arrow_videos(split, root)
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

    manifest = subset.read_manifest(file)
    with progress_bar(len(manifest.clips), "checking the clips") as advance:
        found = subset.subset_videos(manifest, data, as_tick(advance))
    return DataSet(file.stem, manifest.digest, found, len(manifest.classes))


def as_tick(advance: Callable[[None], None]) -> Callable[[], None]:
    """The function of a progress bar, for callers without a result."""
    return lambda: advance(None)
