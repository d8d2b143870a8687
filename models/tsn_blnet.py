"""TSN over a bLResNet (models/blresnet.py): frames share a Big-Little image network."""

from models.blresnet import CHOICES, DEPTHS, LAYOUTS, BLResNet
from models.formulation import FORMULATIONS
from models.registry import FRAMES, register
from models.tsn import TSN


@register(
    group=FRAMES,
    depths=DEPTHS,
    source="Fan et al., NeurIPS 2019 (a baseline); Chen et al., Big-Little Net, ICLR 2019",
    choices={**CHOICES, "formulation": FORMULATIONS},
    layouts=LAYOUTS,
)
def tsn_blnet(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    alpha: int = 2,
    beta: int = 4,
    width: float = 1.0,
    formulation: str = "efficient",
) -> TSN:
    """A bLResNet that the frames share: both branches see every frame."""
    trunk = BLResNet(depth, alpha=alpha, beta=beta, width=width)
    return TSN(
        trunk, trunk.features, num_classes=num_classes, frames=frames, formulation=formulation
    )
