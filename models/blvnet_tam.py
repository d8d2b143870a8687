"""bLVNet-TAM: a bLVNet (models/blvnet.py) with a TAM (models/tam.py) at the entry of every stage.

Two of its modules compute the inputs of both branches at once, without the frames in between.
Source: Fan et al., NeurIPS 2019.
"""

from functools import partial

from torch import Tensor

from models.blresnet import CHOICES, DEPTHS, LAYOUTS
from models.blvnet import NETWORKS, BLVNet, TemporalModules
from models.formulation import FORMULATIONS
from models.registry import FRAMES, register
from models.tam import (
    WINDOWS,
    Aggregation,
    PublishedAggregation,
    Taps,
    TemporalAggregation,
    aggregate,
)


class SplitAggregation(Aggregation):
    """A TAM whose odd output frames go to a big branch and the even ones to a little branch."""

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (N*T) x C x H x W to two of (N*T/2) x C x H x W: the big and the little input."""
        odd, even = self.taps(at=1), self.taps(at=0)
        return aggregate(x, [odd, even], self.frames, stride=2)


class PairAggregation(Aggregation):
    """A TAM over clips whose frames are equal in pairs; its input has one frame of each pair.

    Frame 2p + k of such a clip belongs to pair p + k // 2. So the weights of the two frames of a
    pair are added, and no frame is read twice. The output is that of `SplitAggregation`.
    """

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (N*T/2) x C x H x W to two of the same shape: the big and the little input."""
        odd, even = self.taps(at=1), self.taps(at=0)
        return aggregate(x, [sum_pairs(odd), sum_pairs(even)], self.frames // 2)


def sum_pairs(taps: Taps) -> Taps:
    """The weights of neighbouring pairs of equal frames, from those of the frames."""
    pairs: dict[int, Tensor] = {}
    for frame, weight in enumerate(taps.weights, start=taps.first):
        pairs[frame // 2] = pairs[frame // 2] + weight if frame // 2 in pairs else weight
    return Taps(min(pairs), list(pairs.values()))


AGGREGATIONS = {  # formulation -> modules behind the first ReLU, at stages 1 to 3, in blocks
    "efficient": (SplitAggregation, PairAggregation, TemporalAggregation),
    "published": (PublishedAggregation, PublishedAggregation, PublishedAggregation),
}


@register(
    group=FRAMES,
    depths=DEPTHS,
    source="Fan et al., NeurIPS 2019",
    frame_multiple=2,
    choices={**CHOICES, "window": WINDOWS, "formulation": FORMULATIONS},
    layouts=LAYOUTS,
)
def blvnet_tam(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    alpha: int = 2,
    beta: int = 4,
    window: int = 3,
    width: float = 1.0,
    formulation: str = "efficient",
) -> BLVNet:
    """The paper's network: a bLVNet with temporal aggregation modules."""
    split, pair, block = AGGREGATIONS[formulation]
    return NETWORKS[formulation](
        depth,
        TemporalModules(
            split=partial(split, window=window),
            pair=partial(pair, window=window),
            block=partial(block, window=window),
        ),
        num_classes=num_classes,
        frames=frames,
        alpha=alpha,
        beta=beta,
        width=width,
    )
