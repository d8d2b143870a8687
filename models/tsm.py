"""TSM: a TSN whose residual blocks shift part of the channels along time."""

from models.registry import register
from models.resnet2d import DEPTHS, insert_temporal, resnet_trunk, stages
from models.temporal import POOLINGS, TemporalShift, frames_by_stage
from models.tsn import TSN

SPARSE_FROM_BLOCKS = 23  # with a third stage this long, only every second block of a stage shifts


@register(
    depths=DEPTHS,
    source="Lin et al., Temporal Shift Module, ICCV 2019",
    choices={"temporal_pooling": POOLINGS},
)
def tsm(*, num_classes: int, frames: int, depth: int, temporal_pooling: str = "none") -> TSN:
    """A TSN with a temporal shift before the first convolution of its residual blocks."""
    trunk, features = resnet_trunk(depth)
    step = 2 if len(trunk.layer3) >= SPARSE_FROM_BLOCKS else 1
    stage_frames = frames_by_stage(frames, temporal_pooling)
    for stage, count in zip(stages(trunk), stage_frames, strict=True):
        for block in stage[::step]:
            insert_temporal(block, TemporalShift(count))
    return TSN(trunk, features, num_classes=num_classes, stage_frames=stage_frames)
