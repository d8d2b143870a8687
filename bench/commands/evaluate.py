"""`blvbench evaluate`."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.commands import UsageError
from bench.commands.options.device import add_device, find_device, thread_count
from bench.commands.options.point import add_choice, add_network, form_options, point_of, show_notes
from bench.commands.options.videos import (
    add_data,
    as_tick,
    clip_size,
    load_data_set,
    make_sampling,
    worker_count,
)
from bench.commands.output import add_json, print_json, print_table, progress_bar
from bench.errors import BenchError
from bench.records.measurement import Measurement
from bench.records.point import Point
from bench.records.proportions import PairedTest, accuracy_interval, paired_test
from bench.records.store import Store
from bench.video.data_set import DataSet
from bench.wording import count_text
from bench.workload.networks import build, configure, explained

if TYPE_CHECKING:
    from torch import nn

    from bench.instruments.accuracy.evaluated import Protocol
    from bench.video.evaluation import Scores
    from bench.video.scores_file import NamedScores

SHORT_SIDE = 256 / 224  # the ratio of the resized short side to the crop in the papers


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_network(parser, "evaluate", is_needed=False)
    parser.add_argument(
        "--weights",
        type=Path,
        required=True,
        metavar="FILE",
        help="weights written by 'blvbench train', which name their network; with other weights, "
        "name the network as well",
    )
    add_data(parser)
    parser.add_argument(
        "--clips", type=int, default=1, help="number of clips of each video (default: 1)"
    )
    parser.add_argument(
        "--crops",
        type=int,
        choices=(1, 3, 10),
        default=1,
        help="number of crops of each clip: the centre, three along the longer side, or ten with "
        "mirror images (default: 1)",
    )
    parser.add_argument(
        "--input-size", type=int, metavar="PIXELS", help="side of a crop (default: 224)"
    )
    parser.add_argument(
        "--short-side",
        type=int,
        metavar="PIXELS",
        help="short side of the pictures before cropping (default: 256 for crops of 224)",
    )
    add_choice(parser, "precision")
    add_device(parser)
    parser.add_argument(
        "--ensemble",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="scores of another network to compare with and to average with; may be repeated",
    )
    parser.add_argument("--scores", type=Path, metavar="FILE", help="write the scores as .npz")
    parser.add_argument("--store", type=Path, metavar="FILE", help="store that keeps the accuracy")
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Evaluate a network on videos, and report the unusable ones."""
    from bench.instruments.accuracy.evaluated import Resources, evaluate_weights
    from bench.runs.evaluations import record_evaluation
    from bench.video.decoding import check_decoder
    from bench.video.scores_file import NamedScores, read_scores, write_scores
    from bench.workload.placement import check_device

    _check_folders(arguments.scores, arguments.store)
    others = [read_scores(path) for path in arguments.ensemble]
    check_decoder(arguments.decoder)
    device = find_device(arguments)
    resources = Resources(device, thread_count(arguments), worker_count(arguments, device))
    data = load_data_set(arguments, "test")
    _check_clips(arguments, data, others)
    model, point = _network(arguments, data)
    check_device(point, device)
    protocol = _protocol(arguments, point, data)
    with ExitStack() as opened:
        store = (
            opened.enter_context(Store(arguments.store, create=True)) if arguments.store else None
        )
        with explained(point), progress_bar(len(data.videos), "videos") as advance:
            scores, reading = evaluate_weights(
                model,
                point,
                arguments.weights,
                data,
                protocol,
                resources,
                max_unusable=arguments.unusable,
                on_video=as_tick(advance),
            )
        measurement = record_evaluation(point, reading, store)
    named = NamedScores(point.network_label, data.digest, scores)
    if arguments.scores is not None:
        write_scores(arguments.scores, named)
    _show(measurement, named, others, as_json=arguments.json)
    return 0


def _check_folders(*files: Path | None) -> None:
    """Raise `BenchError` for a file that could not be written at the end."""
    for path in files:
        if path is not None and not path.parent.is_dir():
            raise BenchError(f"{path}: its folder does not exist: make {path.parent}")


def _check_clips(arguments: Namespace, data: DataSet, others: "Sequence[NamedScores]") -> None:
    """Refuse mirror images that change labels, and scores of other networks on other clips."""
    if arguments.crops == 10 and data.may_flip is False:
        raise UsageError(
            f"--crops 10 mirrors clips, but labels of {data.name} distinguish left from right: use "
            "--crops 3"
        )
    for other in others:
        if other.clips_digest != data.digest:
            raise BenchError(f"{other.network} was evaluated on other clips: evaluate it on these")


def _network(arguments: Namespace, data: DataSet) -> "tuple[nn.Module, Point]":
    """The network with its weights, and its point."""
    import models
    from models.saved import configuration_of

    size = clip_size(arguments, data)
    fields: dict[str, Any] = {
        "input_size": size,
        "num_classes": data.num_classes,
        "dataset": data.name,
        "batch": 1,
    }
    if arguments.network or arguments.model:
        point = configure(point_of(arguments, **fields))
        show_notes(point)
        with explained(point):
            model = build(point)
            print(models.load_checkpoint(model, arguments.weights), file=sys.stderr)
        return model, point
    form_options(arguments)
    if arguments.option or arguments.depth is not None:
        raise UsageError("--depth and --option need the name of a network: give it")
    model = models.load_model(arguments.weights)
    saved = configuration_of(model)
    if saved.num_classes != data.num_classes:
        raise BenchError(
            f"{arguments.weights}: has {count_text(saved.num_classes, 'class', 'classes')}, "
            f"{data.name} has {data.num_classes}: use weights that were trained on this data"
        )
    return model, Point(
        network=saved.network,
        depth=saved.depth,
        frames=saved.frames,
        options=tuple(sorted(saved.options.items())),
        precision=arguments.precision,
        **fields,
    )


def _protocol(arguments: Namespace, point: Point, data: DataSet) -> "Protocol":
    from bench.instruments.accuracy.evaluated import Protocol

    short_side = arguments.short_side
    if short_side is None:
        scale = 1 if data.is_generated else SHORT_SIDE
        short_side = round(point.input_size * scale)
    sampling = make_sampling(arguments, point.frames, arguments.clips)
    return Protocol(sampling, arguments.crops, short_side, arguments.decoder)


def _show(
    measurement: Measurement, own: "NamedScores", others: "Sequence[NamedScores]", *, as_json: bool
) -> None:
    """Print the accuracy; with scores of other networks, theirs and that of the average too."""
    from bench.video.evaluation import average_scores

    in_pairs = measurement.has_reversed_pairs
    rows = [_row(own.network, own.scores, None, in_pairs)]
    if others:
        try:
            together = average_scores([own.scores, *(other.scores for other in others)])
        except BenchError:
            _show(measurement, own, (), as_json=as_json)  # the result may have taken hours
            raise
        for other in others:
            answers = (own.scores.correct(), other.scores.correct())
            both = paired_test(*answers, reversed_pairs=in_pairs)
            rows.append(_row(other.network, other.scores, both, in_pairs))
        rows.append(_row(f"average of all {len(others) + 1}", together, None, in_pairs))
    if as_json:
        print_json([{**measurement.as_json(), "networks": rows}])
        return
    print_table(
        ("network", "videos", "top-1 (%)", "95 % interval", "top-5 (%)", "first network vs. this"),
        [
            (
                row["network"],
                row["videos"],
                f"{row['top1']:.1f}",
                f"{row['interval'][0]:.1f} to {row['interval'][1]:.1f}",
                f"{row['top5']:.1f}",
                _text(row["comparison"]),
            )
            for row in rows
        ],
    )
    for warning in measurement.warnings:
        print(f"Unusable: {warning}")


def _row(
    network: str, scores: "Scores", comparison: PairedTest | None, reversed_pairs: bool
) -> dict[str, Any]:
    answers = scores.correct()
    against = None
    if comparison is not None:
        against = {
            "points": comparison.points,
            "interval": [comparison.low, comparison.high],
            "p_value": comparison.p_value,
            "verdict": str(comparison.difference),
        }
    return {
        "network": network,
        "videos": len(answers),
        "top1": sum(answers) / len(answers),
        "interval": list(accuracy_interval(answers, reversed_pairs=reversed_pairs)),
        "top5": sum(scores.correct(top=5)) / len(answers),
        "comparison": against,
    }


def _text(comparison: dict[str, Any] | None) -> str:
    if comparison is None:
        return ""
    return f"{comparison['verdict']} ({comparison['points']:+.1f}, p {comparison['p_value']:.2g})"
