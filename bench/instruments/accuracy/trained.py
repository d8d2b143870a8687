"""Top-1 accuracy of a network that is trained here from scratch, on generated videos.

The figure is the same to the last digit for the same seed on the same kind of CPU: training takes
one thread.
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import torch
from torch import nn

from bench.errors import UnsupportedError
from bench.instruments.accuracy.answers import read_answers
from bench.instruments.reading import Reading
from bench.records.point import Point
from bench.records.record import Scalar
from bench.video import arrow_of_time
from bench.video.contents import digest_of_contents
from bench.video.decoding import decoder_version
from bench.video.evaluation import evaluate
from bench.video.loading import EvaluationSet, TrainingSet
from bench.video.motions import SIZE
from bench.video.recipe import Recipe
from bench.video.sampling import Uniform
from bench.video.training import Training, prepare_for_training
from bench.video.transforms import EvaluationCrops, as_clip
from bench.workload.networks import build
from bench.workload.torch_settings import fix_settings
from suites.fields import Precision

# This recipe reaches 90 % accuracy on the tier `adjacent` in the fewest steps. The paper starts
# from ImageNet weights: with its classifier at normal(0, 0.001), learning rate and dropout,
# networks hardly learn from scratch.
RECIPE = Recipe(epochs=2, batch=8, learning_rate=0.03, warm_up=0.1, dropout=0.0, classifier_std=0.1)
CLASSES = len(arrow_of_time.CLASSES)


def read(point: Point) -> Reading:
    """The accuracy of the network of `point` after training.

    Raises `UnsupportedError` for another data set, number of classes or input size.
    """
    requested = (point.dataset, point.input_size, point.num_classes)
    if requested != (arrow_of_time.NAME, SIZE, CLASSES):
        raise UnsupportedError(
            f"networks are trained on {arrow_of_time.NAME!r} only, with {CLASSES} classes and "
            f"{SIZE} pixels: run 'blvbench run accuracy'"
        )
    return train(partial(build, point), point.frames, point.seed, point.precision)


def train(
    factory: Callable[[], nn.Module], frames: int, seed: int, precision: Precision = "fp32"
) -> Reading:
    """Train what `factory` builds on `arrow-of-time` and test it there.

    Generates the videos first where they are missing. Raises `BenchError` where they cannot be
    written, and for a loss that is not a number.
    """
    listed = {
        split: arrow_of_time.arrow_videos(split, arrow_of_time.generate_videos(split))
        for split in ("train", "test")
    }
    with fix_settings("cpu", precision, threads=1, cudnn_benchmark=False) as settings:
        torch.manual_seed(seed)
        model = factory()
        prepare_for_training(model, RECIPE, seed)
        clips = TrainingSet(listed["train"], Uniform(frames), as_clip, seed=seed)
        Training(model, clips, RECIPE, precision=precision).run()
        views = EvaluationSet(listed["test"], Uniform(frames), EvaluationCrops(SIZE, SIZE))
        scores = evaluate(model, views, precision=precision)
    provenance: dict[str, Scalar] = {
        "seed": seed,
        "clips": digest_of_contents(listed["test"]),
        "decoder": decoder_version("pyav"),
        **asdict(RECIPE),
    }
    return read_answers(scores, listed["test"], settings | provenance, reversed_pairs=True)
