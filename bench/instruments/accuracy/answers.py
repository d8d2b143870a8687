"""The answers of a network on test clips, as the samples and details of a reading."""

import hashlib
from collections.abc import Mapping, Sequence
from itertools import chain
from statistics import mean

from bench.errors import BenchError
from bench.instruments.reading import Reading
from bench.records.measurement import REVERSED_PAIRS
from bench.records.record import Scalar
from bench.video.data_set import Video
from bench.video.evaluation import Scores


def read_answers(
    scores: Scores,
    videos: Sequence[Video],
    settings: Mapping[str, Scalar],
    *,
    reversed_pairs: bool = False,
) -> Reading:
    """The reading of a test: for each clip 100 where the network was right, else 0.

    The answers are ordered by group of classes. The details have the top-1 and the number of clips
    of each group, and the top-5 of all clips, in percent. `scores` may lack some of `videos`: each
    that could not be used is a warning. With `reversed_pairs`, each motion is followed by its
    reverse; raises `BenchError` if one of them could not be used.
    """
    if reversed_pairs and scores.unusable:
        lost = scores.unusable[0]
        path = next(video.path for video in videos if video.name == lost.name)
        raise BenchError(
            f"{path}: is {lost.kind} ({lost.reason}): delete it, and it is generated again"
        )
    groups = {video.name: video.group for video in videos}
    by_group: dict[str, list[int]] = {}
    for name, answer in zip(scores.names, scores.correct(), strict=True):
        by_group.setdefault(groups[name], []).append(answer)
    named = {group: answers for group, answers in by_group.items() if group}
    answered = hashlib.sha256("\n".join(scores.names).encode(errors="surrogateescape"))
    return Reading(
        samples=tuple(chain.from_iterable(by_group.values())),
        details={
            "by_group": {group: mean(answers) for group, answers in named.items()},
            "group_sizes": {group: len(answers) for group, answers in named.items()},
            "top5": {"percent": mean(scores.correct(top=5))},
        },
        warnings=tuple(
            f"{video.name} is {video.kind}: {video.reason}" for video in scores.unusable
        ),
        settings={
            **settings,
            "answered": answered.hexdigest(),
            REVERSED_PAIRS: reversed_pairs,
        },
    )
