"""Top-1 and top-5 of networks on videos, several clips and crops of each, one network or more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.errors import BenchError
from bench.video.loading import AllViews, Losses, Unusable, Views, items
from bench.workload.steps import autocast
from suites.fields import Precision


@dataclass(frozen=True)
class Scores:
    """What a network says of each usable video: `logits`, V x classes, mean over the views.

    `names` and `labels` are those of the videos, in the same order.
    """

    names: tuple[str, ...]
    labels: Tensor
    logits: Tensor
    unusable: tuple[Unusable, ...]

    def correct(self, top: int = 1) -> tuple[int, ...]:
        """For each video, 100 where its class is among the `top` first ones, else 0.

        Of equal logits the lower class number comes first.
        """
        first = self.logits.argsort(dim=1, descending=True, stable=True)[:, :top]  # V x top
        hits = (first == self.labels[:, None]).any(dim=1)
        return tuple(100 * int(hit) for hit in hits)


def evaluate(
    model: nn.Module,
    videos: AllViews,
    *,
    precision: Precision = "fp32",
    workers: int = 0,
    losses: Losses | None = None,
    on_video: Callable[[], object] = lambda: None,
) -> Scores:
    """The scores of `model` over `videos`, one video at a time, on the device that it is on.

    Raises `BenchError` that names all videos that cannot be used where they are more than `losses`
    allow, or all that there are.
    """
    losses = Losses(len(videos)) if losses is None else losses
    device = next(model.parameters()).device
    found = dict[str, tuple[int, Tensor]]()
    model.eval()
    order = range(len(videos))
    for index, item in zip(order, items(videos, order, workers=workers), strict=True):
        on_video()
        if not isinstance(item, Views):
            losses.add(item)
        elif not losses.are_too_many:  # else the rest is only looked at, to name all
            name = videos.videos[index].name
            found[name] = item.label, _mean_logits(model, item.clips.to(device), precision)
    losses.check()
    if not found:
        raise BenchError("there is no video to evaluate: give a list of at least one")
    labels = torch.tensor([label for label, _ in found.values()])
    logits = torch.stack([logits for _, logits in found.values()])  # V x classes
    return Scores(tuple(found), labels, logits, tuple(losses.unusable.values()))


def _mean_logits(model: nn.Module, clips: Tensor, precision: Precision) -> Tensor:
    """The logits of one video's views, V x 3 x T x S x S."""
    with torch.no_grad(), autocast(clips, precision):
        logits: Tensor = model(clips).float().mean(dim=0).cpu()
    if not logits.isfinite().all():
        raise BenchError("the network answers with what is no number: use another precision")
    return logits


def ensemble(several: Sequence[Scores]) -> Scores:
    """The mean of the networks' probabilities, on the same videos, as logits.

    Raises `BenchError` for scores of different videos or classes, and for none.
    """
    if not several:
        raise BenchError("an ensemble has one network at least")
    first = several[0]
    for scores in several:
        if scores.names != first.names or scores.logits.shape != first.logits.shape:
            raise BenchError("the networks of an ensemble were evaluated on different videos")
    shares = torch.stack([scores.logits.softmax(dim=1) for scores in several])
    unusable = {lost.name: lost for scores in several for lost in scores.unusable}
    return Scores(first.names, first.labels, shares.mean(dim=0).log(), tuple(unusable.values()))
