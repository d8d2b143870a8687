"""Evaluation of networks on videos, with several clips and crops of each, and ensembles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.errors import BenchError
from bench.video.loading import EvaluationClips, EvaluationSet, Unusable, UnusableVideos, load_items
from bench.workload.steps import autocast
from suites.fields import Precision


@dataclass(frozen=True)
class Scores:
    """The scores of a network on each usable video: `logits`, V x classes, mean over the views.

    `names` and `labels` of the videos are in the same order. `sources` are the kinds of frames that
    were read from folders.
    """

    names: tuple[str, ...]
    labels: Tensor
    logits: Tensor
    unusable: tuple[Unusable, ...]
    sources: tuple[str, ...] = ()

    def correct(self, top: int = 1) -> tuple[int, ...]:
        """For each video, 100 if its class is among the `top` best ones, else 0.

        If logits are equal, the lower class number comes first.
        """
        first = self.logits.argsort(dim=1, descending=True, stable=True)[:, :top]  # V x top
        hits = (first == self.labels[:, None]).any(dim=1)
        return tuple(100 * int(hit) for hit in hits)


def evaluate(
    model: nn.Module,
    videos: EvaluationSet,
    *,
    precision: Precision = "fp32",
    workers: int = 0,
    unusable: UnusableVideos | None = None,
    on_video: Callable[[], object] = lambda: None,
) -> Scores:
    """The scores of `model` on `videos`, one video at a time, on the device of the model.

    Raises `BenchError` with kinds and examples if more videos are unusable than `unusable` allows,
    or if no video is usable.
    """
    unusable = UnusableVideos(len(videos)) if unusable is None else unusable
    device = next(model.parameters()).device
    found = dict[str, tuple[int, Tensor]]()
    sources = set[str]()
    model.eval()
    order = range(len(videos))
    for index, item in zip(order, load_items(videos, order, workers=workers), strict=True):
        on_video()
        if not isinstance(item, EvaluationClips):
            unusable.add(item)
        elif not unusable.are_too_many:  # else the others are only read, to find all unusable ones
            name = videos.videos[index].name
            found[name] = item.label, _mean_logits(model, item.clips.to(device), precision)
            sources.add(item.source)
    unusable.check()
    if not found:
        raise BenchError("there is no video to evaluate: give a list with at least one")
    labels = torch.tensor([label for label, _ in found.values()])
    logits = torch.stack([logits for _, logits in found.values()])  # V x classes
    refused = tuple(unusable.by_name.values())
    return Scores(tuple(found), labels, logits, refused, tuple(sorted(sources - {""})))


def _mean_logits(model: nn.Module, clips: Tensor, precision: Precision) -> Tensor:
    """The mean logits of the views of one video, V x 3 x T x S x S."""
    with torch.no_grad(), autocast(clips, precision):
        logits: Tensor = model(clips).float().mean(dim=0).cpu()
    if not logits.isfinite().all():
        raise BenchError("the network returns NaN or infinity: use another precision")
    return logits


def average_scores(several: Sequence[Scores]) -> Scores:
    """The mean of the networks' probabilities on the same videos, as logits.

    Raises `BenchError` for scores of different videos or classes, and if there are none.
    """
    if not several:
        raise BenchError("an ensemble needs at least one network")
    first = several[0]
    for scores in several:
        if scores.names != first.names or scores.logits.shape != first.logits.shape:
            raise BenchError("the networks of an ensemble were evaluated on different videos")
    shares = torch.stack([scores.logits.softmax(dim=1) for scores in several])
    unusable = {video.name: video for scores in several for video in scores.unusable}
    return Scores(first.names, first.labels, shares.mean(dim=0).log(), tuple(unusable.values()))
