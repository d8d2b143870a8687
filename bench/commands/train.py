"""`blvbench train`."""

import sys
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands import INTERRUPTED, UsageError
from bench.commands.options.device import add_device, find_device, thread_count
from bench.commands.options.point import add_choice, add_network, point_of, show_notes
from bench.commands.options.videos import (
    add_data,
    clip_size,
    load_data_set,
    make_sampling,
    worker_count,
)
from bench.commands.output import progress_bar
from bench.errors import BenchError
from bench.records.point import Point
from bench.text import printable
from bench.video.data_set import DataSet
from bench.video.recipe import Recipe
from bench.wording import count_text
from bench.workload.networks import build, configure, explained

if TYPE_CHECKING:
    from torch import nn

    from bench.video.training import Training

MAX_SEED = 1 << 63  # of PyTorch's random numbers
HELP = {
    "epochs": "number of epochs",
    "batch": "number of clips in a step",
    "learning_rate": "highest learning rate",
    "momentum": "momentum of SGD",
    "weight_decay": "weight decay of SGD",
    "warm_up": "share of the steps in which the learning rate rises",
    "clip_norm": "largest norm of the gradients",
    "dropout": "dropout before the classifier",
    "classifier_std": "standard deviation of the classifier's initial weights",
}


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_network(parser, "train")
    add_data(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="weights to write, as safetensors"
    )
    start = parser.add_mutually_exclusive_group()
    start.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="weights of the network to start from, such as those of fewer frames",
    )
    start.add_argument(
        "--image-weights",
        type=Path,
        metavar="FILE",
        help="initial weights, from an image network of the same architecture",
    )
    parser.add_argument(
        "--new-classifier",
        action="store_true",
        help="do not load the classifier of --weights",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the training run (default: 0)")
    parser.add_argument(
        "--input-size", type=int, metavar="PIXELS", help="side of a clip (default: 224)"
    )
    parser.add_argument(
        "--flip",
        action=BooleanOptionalAction,
        help="mirror half of the clips (default: only where mirror images keep their labels)",
    )
    for field in fields(Recipe):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=type(field.default),
            metavar="N" if isinstance(field.default, int) else "X",
            help=f"{HELP[field.name]} (default: {field.default}; arrow-of-time has its own)",
        )
    add_choice(parser, "precision")
    add_device(parser)
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="write loss and learning rate as CSV"
    )
    parser.add_argument(
        "--tensorboard",
        type=Path,
        metavar="FOLDER",
        help="write loss and learning rate for TensorBoard",
    )


def run(arguments: Namespace) -> int:
    """Train a network on videos. An interrupted training run continues when it is started again."""
    from bench.video.decoding import check_decoder
    from bench.workload.placement import check_device
    from bench.workload.torch_settings import fix_settings

    _check(arguments)
    check_decoder(arguments.decoder)
    device, threads = find_device(arguments), thread_count(arguments)
    data = load_data_set(arguments, "train")
    size = clip_size(arguments, data)
    fields = {"num_classes": data.num_classes, "input_size": size, "batch": 1, "mode": "train"}
    point = configure(point_of(arguments, **fields))
    check_device(point, device)
    show_notes(point)
    with (
        fix_settings(device, point.precision, threads=threads, cudnn_benchmark=False),
        explained(point),
    ):
        recipe = _recipe(arguments, data)
        model = _create_network(arguments, point, recipe).to(device)
        training = _training(arguments, model, data, recipe, point, worker_count(arguments, device))
        if not _run_training(arguments, training):
            return INTERRUPTED
    with explained(point):
        _save(model, arguments.out)
    _training_file(arguments.out).unlink(missing_ok=True)
    for video in training.unusable.by_name.values():
        unusable = f"Unusable: {video.name} is {video.kind}: {video.reason}"
        print(printable(unusable), file=sys.stderr)
    print(f"{arguments.out}: {point.network}, {count_text(training.steps, 'step')} on {data.name}")
    return 0


def _check(arguments: Namespace) -> None:
    """Raise errors that would otherwise appear only after hours."""
    if arguments.new_classifier and arguments.weights is None:
        raise UsageError("--new-classifier needs --weights: give both")
    if not 0 <= arguments.seed < MAX_SEED:
        raise UsageError(f"--seed must be at least 0 and below 2**63, not {arguments.seed}")
    if arguments.out.exists():
        raise BenchError(f"{arguments.out}: exists already: give another file, or remove it")
    if not arguments.out.parent.is_dir():
        raise BenchError(f"{arguments.out}: its folder does not exist: make {arguments.out.parent}")


def _training_file(out: Path) -> Path:
    """The file of an unfinished training run."""
    return out.with_name(f"{out.name}.training")


def _recipe(arguments: Namespace, data: DataSet) -> Recipe:
    """The paper's recipe, or that of the accuracy suite for generated videos, with given values."""
    from bench.instruments.accuracy.trained import RECIPE

    given = {
        field.name: value
        for field in fields(Recipe)
        if (value := getattr(arguments, field.name)) is not None
    }
    return replace(RECIPE if data.is_generated else Recipe(), **given)


def _create_network(arguments: Namespace, point: Point, recipe: Recipe) -> "nn.Module":
    """The network with its initial weights."""
    import torch

    import models
    from bench.video.training import prepare_for_training

    torch.manual_seed(arguments.seed)
    model = build(point)
    if arguments.weights is not None:
        kept: models.checkpoint.Classifier = "replace" if arguments.new_classifier else "load"
        print(models.load_checkpoint(model, arguments.weights, classifier=kept), file=sys.stderr)
    elif arguments.image_weights is not None:
        print(models.load_image_checkpoint(model, arguments.image_weights), file=sys.stderr)
    is_tuned = arguments.weights is not None and not arguments.new_classifier
    prepare_for_training(model, recipe, arguments.seed, is_tuned=is_tuned)
    return model


def _training(
    arguments: Namespace,
    model: "nn.Module",
    data: DataSet,
    recipe: Recipe,
    point: Point,
    processes: int,
) -> "Training":
    from bench.video.loading import TrainingSet, UnusableVideos
    from bench.video.training import Training
    from bench.video.transforms import TrainingCrop, as_clip

    if arguments.flip and data.may_flip is False:
        raise UsageError(f"--flip makes labels of {data.name} wrong: leave it out")
    flip = bool(data.may_flip if arguments.flip is None else arguments.flip)
    is_plain = data.is_generated and point.input_size == data.size
    return Training(
        model,
        TrainingSet(
            data.videos,
            make_sampling(arguments, point.frames),
            as_clip if is_plain else TrainingCrop(point.input_size, flip),
            seed=arguments.seed,
            decoder=arguments.decoder,
        ),
        recipe,
        precision=point.precision,
        saved=_training_file(arguments.out),
        unusable=UnusableVideos(len(data.videos), arguments.unusable),
        workers=processes,
    )


def _run_training(arguments: Namespace, training: "Training") -> bool:
    """Train to the end; returns False after an interrupt."""
    from bench.video.logs import open_logs

    if training.step:
        print(f"Continuing after step {training.step} of {training.steps}", file=sys.stderr)
    try:
        with (
            open_logs(arguments.csv, arguments.tensorboard, done=training.step) as write,
            progress_bar(training.steps - training.step, "steps") as advance,
        ):
            training.run(lambda *step: advance(write(*step)))
    except KeyboardInterrupt:
        print(
            f"blvbench: interrupted: step {training.kept} of {training.steps} is saved: "
            "run the same command again to continue",
            file=sys.stderr,
        )
        return False
    return True


def _save(model: "nn.Module", out: Path) -> None:
    """Write the weights, with the name of a registered network."""
    import models

    if models.checkpoint.network_of(model) is None:
        models.save_weights(model, out)
    else:
        models.save_checkpoint(model, out)
