"""`blvbench train`."""

import sys
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands import INTERRUPTED, UsageError
from bench.commands.data import DataSet, add_data, clip_size, data_set, sampling, workers
from bench.commands.device import add_device, device_of, threads_of
from bench.commands.output import progress_bar
from bench.commands.point import add_choice, add_network, point_of
from bench.errors import BenchError
from bench.records.point import Point
from bench.text import printable
from bench.video.recipe import Recipe
from bench.workload.networks import build, configure

if TYPE_CHECKING:
    from torch import nn

    from bench.video.training import Training

MOST_SEED = 1 << 63  # of PyTorch's random numbers
WHAT = {
    "epochs": "how often each video is seen",
    "batch": "clips in a step",
    "learning_rate": "the highest",
    "momentum": "of SGD",
    "weight_decay": "of SGD",
    "warm_up": "the share of the steps in which the learning rate rises",
    "clip_norm": "the most that the gradients' norm may be",
    "dropout": "before the classifier",
    "classifier_std": "of the classifier's first weights",
}


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_network(parser, "train")
    add_data(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the weights to write, safetensors"
    )
    start = parser.add_mutually_exclusive_group()
    start.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="start from these weights of the network, such as those of fewer frames",
    )
    start.add_argument(
        "--image-weights", type=Path, metavar="FILE", help="start from those of its image network"
    )
    parser.add_argument(
        "--new-classifier", action="store_true", help="with --weights: all but the classifier"
    )
    parser.add_argument("--seed", type=int, default=0, help="of all that is random (default: 0)")
    parser.add_argument("--input-size", type=int, metavar="PIXELS", help="of clips (default: 224)")
    parser.add_argument(
        "--flip",
        action=BooleanOptionalAction,
        help="mirror half of the clips (default: where the layout's labels are known to allow it)",
    )
    for field in fields(Recipe):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=type(field.default),
            metavar="N" if isinstance(field.default, int) else "X",
            help=f"{WHAT[field.name]} (default: {field.default}; another for generated videos)",
        )
    add_choice(parser, "precision")
    add_device(parser)
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write loss and learning rate")
    parser.add_argument(
        "--tensorboard", type=Path, metavar="FOLDER", help="write them for TensorBoard"
    )


def run(arguments: Namespace) -> int:
    """Train a network on videos; what was interrupted goes on when it is run again."""
    from bench.video.decoding import check_decoder
    from bench.workload.placement import check_device
    from bench.workload.settings import fix_settings

    _check(arguments)
    check_decoder(arguments.decoder)
    device, threads = device_of(arguments), threads_of(arguments)
    data = data_set(arguments, "train")
    size = clip_size(arguments, data)
    point = configure(point_of(arguments, num_classes=data.num_classes, input_size=size, batch=1))
    check_device(point, device)
    with fix_settings(device, point.precision, threads=threads, cudnn_benchmark=False):
        recipe = _recipe(arguments, data)
        model = _started(arguments, point, recipe).to(device)
        training = _training(arguments, model, data, recipe, point, workers(arguments, device))
        if not _learn(arguments, training):
            return INTERRUPTED
    _save(model, arguments.out)
    _unfinished(arguments.out).unlink(missing_ok=True)
    for lost in training.losses.unusable.values():
        unusable = f"Unusable: {lost.name} is {lost.kind}: {lost.reason}"
        print(printable(unusable), file=sys.stderr)
    print(f"{arguments.out}: {point.network}, {training.steps} steps on {data.name}")
    return 0


def _check(arguments: Namespace) -> None:
    """Refuse what would be noticed only after hours."""
    if arguments.new_classifier and arguments.weights is None:
        raise UsageError("--new-classifier is of --weights: give both")
    if not 0 <= arguments.seed < MOST_SEED:
        raise UsageError(f"--seed must be at least 0 and below 2**63, not {arguments.seed}")
    if arguments.out.exists():
        raise BenchError(f"{arguments.out}: is there already: give another, or remove it")
    if not arguments.out.parent.is_dir():
        raise BenchError(f"{arguments.out}: has no folder to be in: make {arguments.out.parent}")


def _unfinished(out: Path) -> Path:
    """Where a training that has not ended is kept."""
    return out.with_name(f"{out.name}.training")


def _recipe(arguments: Namespace, data: DataSet) -> Recipe:
    """The paper's, or for generated videos the one of the accuracy suite, with what was given."""
    from bench.instruments.accuracy.trained import RECIPE

    given = {
        field.name: value
        for field in fields(Recipe)
        if (value := getattr(arguments, field.name)) is not None
    }
    return replace(RECIPE if data.is_generated else Recipe(), **given)


def _started(arguments: Namespace, point: Point, recipe: Recipe) -> "nn.Module":
    """The network with the weights that it starts from."""
    import torch

    import models
    from bench.video.training import prepare

    torch.manual_seed(arguments.seed)
    model = build(point)
    if arguments.weights is not None:
        kept: models.checkpoint.Classifier = "replace" if arguments.new_classifier else "load"
        print(models.load_checkpoint(model, arguments.weights, classifier=kept), file=sys.stderr)
    elif arguments.image_weights is not None:
        print(models.load_image_checkpoint(model, arguments.image_weights), file=sys.stderr)
    is_tuned = arguments.weights is not None and not arguments.new_classifier
    prepare(model, recipe, arguments.seed, is_tuned=is_tuned)
    return model


def _training(
    arguments: Namespace,
    model: "nn.Module",
    data: DataSet,
    recipe: Recipe,
    point: Point,
    processes: int,
) -> "Training":
    from bench.video.loading import Losses, RandomClips
    from bench.video.training import Training
    from bench.video.transforms import Augment, as_clip

    if arguments.flip and data.may_flip is False:
        raise UsageError(f"--flip would change the labels of {data.name}: leave it out")
    flip = bool(data.may_flip if arguments.flip is None else arguments.flip)
    is_plain = data.is_generated and point.input_size == data.size
    return Training(
        model,
        RandomClips(
            data.videos,
            sampling(arguments, point.frames),
            as_clip if is_plain else Augment(point.input_size, flip),
            seed=arguments.seed,
            decoder=arguments.decoder,
        ),
        recipe,
        precision=point.precision,
        saved=_unfinished(arguments.out),
        losses=Losses(len(data.videos), arguments.unusable),
        workers=processes,
    )


def _learn(arguments: Namespace, training: "Training") -> bool:
    """Train to the end; returns whether it got there."""
    from bench.video.logs import logs

    if training.step:
        print(f"Going on after step {training.step} of {training.steps}", file=sys.stderr)
    try:
        with (
            logs(arguments.csv, arguments.tensorboard, done=training.step) as write,
            progress_bar(training.steps - training.step, "steps") as advance,
        ):
            training.run(lambda *step: advance(write(*step)))
    except KeyboardInterrupt:
        print(
            f"blvbench: interrupted: step {training.kept} of {training.steps} is kept; "
            "run the same command again to go on",
            file=sys.stderr,
        )
        return False
    return True


def _save(model: "nn.Module", out: Path) -> None:
    """Write the weights, with the network's name where it has one."""
    import models

    if models.checkpoint.network_of(model) is None:
        models.save_weights(model, out)
    else:
        models.save_checkpoint(model, out)
