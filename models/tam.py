"""TAM-ResNet: a TSN whose residual blocks aggregate neighbouring frames."""

from models.registry import register
from models.resnet2d import DEPTHS, insert_temporal, resnet_trunk, stages
from models.temporal import TemporalAggregation
from models.tsn import TSN


@register(depths=DEPTHS, source="Fan et al., More Is Less, NeurIPS 2019")
def tam(*, num_classes: int, frames: int, depth: int, window: int = 3) -> TSN:
    """A TSN with a temporal aggregation module before every residual block's first convolution."""
    trunk, features = resnet_trunk(depth)
    for stage in stages(trunk):
        for block in stage:
            insert_temporal(block, lambda channels: TemporalAggregation(channels, frames, window))
    return TSN(trunk, features, num_classes=num_classes, frames=frames)
