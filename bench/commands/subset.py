"""`blvbench subset`."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from bench.commands.options.videos import add_annotations, as_tick, load_annotated
from bench.commands.output import progress_bar
from bench.errors import BenchError
from bench.text import printable
from bench.wording import count_text


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_annotations(parser, "folder of the videos", is_needed=True)
    parser.add_argument(
        "--per-class", type=int, required=True, metavar="N", help="number of videos of each class"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default: 0)")
    parser.add_argument(
        "--classes",
        type=Path,
        metavar="FILE",
        help="file with a class in each line (default: every class)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="manifest to write")


def run(arguments: Namespace) -> int:
    """Draw a subset of a data set into a manifest."""
    from bench.video import subset
    from bench.video.lists import read_names

    if arguments.seed < 0:
        raise BenchError(f"--seed must be at least 0, not {arguments.seed}")
    listed = load_annotated(arguments)
    classes = read_names(arguments.classes) if arguments.classes else ()
    total = subset.count_subset(listed, arguments.per_class, classes)
    with progress_bar(total, "drawing") as advance:
        drawn = subset.draw_subset(
            listed,
            arguments.data,
            per_class=arguments.per_class,
            seed=arguments.seed,
            classes=classes,
            on_video=as_tick(advance),
        )
    subset.write_manifest(drawn.manifest, arguments.out)
    for video in drawn.passed_over:
        passed_over = f"Passed over: {video.name} is {video.kind}: {video.reason}"
        print(printable(passed_over), file=sys.stderr)
    manifest = drawn.manifest
    print(
        f"{arguments.out}: {count_text(len(manifest.clips), 'clip')} of "
        f"{count_text(len(manifest.clips) // manifest.per_class, 'class', 'classes')}, "
        f"digest {manifest.digest}"
    )
    return 0
