"""Top-1 accuracy of a network: what it answered to clips, and by training one from scratch here.

Of a training, the figure is the same to the last digit for the same seed on the same kind of CPU:
it takes one thread.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from statistics import mean
from typing import Self

import torch
from torch import nn

from bench.records import Precision, Scalar
from bench.settings import fixed
from bench.video import arrow_of_time
from bench.video.contents import digest_of_contents
from bench.video.decoding import decoder_version
from bench.video.evaluation import Scores, evaluate
from bench.video.labelled import Video
from bench.video.loading import AllViews, RandomClips
from bench.video.motions import SIZE
from bench.video.recipe import Recipe
from bench.video.sampling import Uniform
from bench.video.training import Training, prepare
from bench.video.transforms import Views, as_clip

# What reaches 90 % of adjacent motions soonest. Paper's values start from ImageNet's weights: its
# classifier at normal(0, 0.001), its learning rate and its dropout hardly learn from scratch.
RECIPE = Recipe(epochs=2, batch=8, learning_rate=0.03, warm_up=0.1, dropout=0.0, classifier_std=0.1)
CLASSES = len(arrow_of_time.CLASSES)


@dataclass(frozen=True)
class Accuracy:
    """For each clip 100 where the network was right, else 0, group after group; and what was fixed.

    `details` has the top-1 of each group, how many clips it has, and the top-5 of all, in percent.
    """

    answers: tuple[int, ...]
    details: dict[str, dict[str, int | float]]
    settings: dict[str, Scalar]

    @classmethod
    def of(cls, scores: Scores, videos: Sequence[Video], settings: Mapping[str, Scalar]) -> Self:
        """What `scores` say of `videos`, of which they may lack some, under `settings`."""
        groups = {video.name: video.group for video in videos}
        by_group: dict[str, list[int]] = {}
        for name, answer in zip(scores.names, scores.correct(), strict=True):
            by_group.setdefault(groups[name], []).append(answer)
        named = {group: found for group, found in by_group.items() if group}
        answered = hashlib.sha256("\n".join(scores.names).encode(errors="surrogateescape"))
        details: dict[str, dict[str, int | float]] = {
            "by_group": {group: mean(found) for group, found in named.items()},
            "group_sizes": {group: len(found) for group, found in named.items()},
            "top5": {"percent": mean(scores.correct(top=5))},
        }
        answers = tuple(chain.from_iterable(by_group.values()))
        return cls(answers, details, {**settings, "answered": answered.hexdigest()})


def measure(
    build: Callable[[], nn.Module], frames: int, seed: int, precision: Precision = "fp32"
) -> Accuracy:
    """Train what `build` makes on `arrow-of-time` and test it there.

    Makes the set's files first, where they are not yet. Raises `BenchError` where they cannot be
    written, and for a loss that is no number.
    """
    listed = {
        split: arrow_of_time.videos(split, arrow_of_time.generate(split))
        for split in ("train", "test")
    }
    with fixed("cpu", precision, threads=1, cudnn_benchmark=False) as settings:
        torch.manual_seed(seed)
        model = build()
        prepare(model, RECIPE, seed)
        clips = RandomClips(listed["train"], Uniform(frames), as_clip, seed=seed)
        Training(model, clips, RECIPE, precision=precision).run()
        views = AllViews(listed["test"], Uniform(frames), Views(SIZE, SIZE))
        scores = evaluate(model, views, precision=precision)
    provenance: dict[str, Scalar] = {
        "seed": seed,
        "clips": digest_of_contents(listed["test"]),
        "decoder": decoder_version("pyav"),
        **asdict(RECIPE),
    }
    return Accuracy.of(scores, listed["test"], settings | provenance)
