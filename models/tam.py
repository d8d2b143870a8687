"""TAM: a TSN whose residual blocks, or Inception modules, aggregate neighbouring frames."""

from models.aggregation import AGGREGATIONS, FORMULATIONS, WINDOWS
from models.backbones import BACKBONES, LAYOUTS, build_trunk
from models.registry import register
from models.temporal import POOLINGS
from models.tsn import TSN
from models.widths import WIDTHS


@register(
    depths=BACKBONES,
    source="Fan et al., More Is Less, NeurIPS 2019",
    choices={
        "backbone": BACKBONES,
        "window": WINDOWS,
        "temporal_pooling": POOLINGS,
        "width": WIDTHS,
        "formulation": FORMULATIONS,
    },
    layouts=LAYOUTS,
)
def tam(
    *,
    num_classes: int,
    frames: int,
    depth: int | None,
    backbone: str = "resnet",
    window: int = 3,
    temporal_pooling: str = "none",
    width: float = 1.0,
    formulation: str = "efficient",
) -> TSN:
    """A TSN with temporal aggregation modules throughout its image network."""
    trunk = build_trunk(
        backbone,
        depth,
        lambda channels, frames: AGGREGATIONS[formulation](channels, frames, window),
        frames=frames,
        temporal_pooling=temporal_pooling,
        width=width,
    )
    return TSN(trunk, num_classes=num_classes, frames=frames)
