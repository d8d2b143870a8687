"""bLVNet-TAM: a bLVNet that aggregates neighbouring frames at the entry of every stage."""

from functools import partial

from models.aggregation import (
    FORMULATIONS,
    WINDOWS,
    PairAggregation,
    PublishedAggregation,
    SplitAggregation,
    TemporalAggregation,
)
from models.blresnet import CHOICES, DEPTHS, LAYOUTS
from models.blvnet import NETWORKS, BLVNet, Temporal
from models.registry import register

TEMPORAL = {
    "efficient": (SplitAggregation, PairAggregation, TemporalAggregation),
    "published": (PublishedAggregation, PublishedAggregation, PublishedAggregation),
}


@register(
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
    return NETWORKS[formulation](
        depth,
        Temporal(*(partial(module, window=window) for module in TEMPORAL[formulation])),
        num_classes=num_classes,
        frames=frames,
        alpha=alpha,
        beta=beta,
        width=width,
    )
