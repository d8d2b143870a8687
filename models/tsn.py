"""TSN: frames share a 2D ResNet, and a clip's logits are the mean of its frames' logits."""

from itertools import pairwise
from typing import TYPE_CHECKING

from torch import Tensor, nn

from models.clip import check_clip, fold_frames
from models.head import ConsensusHead
from models.registry import register
from models.resnet2d import DEPTHS, resnet_trunk, stages
from models.temporal import POOLINGS, TemporalMaxPool, frames_by_stage

if TYPE_CHECKING:
    from torchvision.models import ResNet


class TSN(nn.Module):
    """A 2D trunk over the frames of a clip, N x 3 x T x H x W, and the mean of their logits.

    `stage_frames` is how many frames each of the trunk's four stages sees; where the number falls,
    a max-pool over time stands between two stages.
    """

    frames_first = True  # a clip stored frame by frame is folded without a copy

    def __init__(
        self, trunk: "ResNet", features: int, *, num_classes: int, stage_frames: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.frames, self.last_frames = stage_frames[0], stage_frames[-1]
        for stage, (before, after) in zip(stages(trunk), pairwise(stage_frames), strict=False):
            if after < before:
                stage.append(TemporalMaxPool(before))
        self.trunk = trunk
        self.head = ConsensusHead(features, num_classes)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        features = self.trunk(fold_frames(clip))  # (N*T') x features
        return self.head(features, self.last_frames)


@register(
    depths=DEPTHS,
    source="Wang et al., Temporal Segment Networks, ECCV 2016",
    choices={"temporal_pooling": POOLINGS},
)
def tsn(*, num_classes: int, frames: int, depth: int, temporal_pooling: str = "none") -> TSN:
    """A ResNet that the frames share, without any temporal module."""
    stage_frames = frames_by_stage(frames, temporal_pooling)
    return TSN(*resnet_trunk(depth), num_classes=num_classes, stage_frames=stage_frames)
