"""TAM-ResNet: a TSN whose residual blocks aggregate neighbouring frames."""

from models.registry import register
from models.resnet2d import DEPTHS, input_channels, insert_temporal, resnet_trunk, stages
from models.temporal import POOLINGS, WINDOWS, TemporalAggregation, frames_by_stage
from models.tsn import TSN


@register(
    depths=DEPTHS,
    source="Fan et al., More Is Less, NeurIPS 2019",
    choices={"window": WINDOWS, "temporal_pooling": POOLINGS},
)
def tam(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    window: int = 3,
    temporal_pooling: str = "none",
) -> TSN:
    """A TSN with a temporal aggregation module before every residual block's first convolution."""
    trunk, features = resnet_trunk(depth)
    stage_frames = frames_by_stage(frames, temporal_pooling)
    for stage, count in zip(stages(trunk), stage_frames, strict=True):
        for block in stage:
            insert_temporal(block, TemporalAggregation(input_channels(block), count, window))
    return TSN(trunk, features, num_classes=num_classes, stage_frames=stage_frames)
