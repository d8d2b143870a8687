"""bLVNet-TAM: a bLVNet that aggregates neighbouring frames at the entry of every stage."""

from models.blresnet import CHOICES, DEPTHS, LAYOUTS
from models.blvnet import BLVNet
from models.registry import register
from models.temporal import WINDOWS, TemporalAggregation


@register(
    depths=DEPTHS,
    source="Fan et al., NeurIPS 2019",
    frame_multiple=2,
    choices={**CHOICES, "window": WINDOWS},
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
) -> BLVNet:
    """The paper's network: a bLVNet with temporal aggregation modules."""
    return BLVNet(
        depth,
        lambda channels, frames: TemporalAggregation(channels, frames, window),
        num_classes=num_classes,
        frames=frames,
        alpha=alpha,
        beta=beta,
        width=width,
    )
