"""TSN: frames share a 2D ResNet, and a clip's logits are the mean of its frames' logits."""

from typing import TYPE_CHECKING

from torch import Tensor, nn

from models.clip import check_clip, fold_frames
from models.head import ConsensusHead
from models.registry import register
from models.resnet2d import DEPTHS, resnet_trunk

if TYPE_CHECKING:
    from torchvision.models import ResNet


class TSN(nn.Module):
    """A 2D trunk over the frames of a clip, N x 3 x T x H x W, and the mean of their logits."""

    frames_first = True  # a clip stored frame by frame is folded without a copy

    def __init__(self, trunk: "ResNet", features: int, *, num_classes: int, frames: int) -> None:
        super().__init__()
        self.frames = frames
        self.trunk = trunk
        self.head = ConsensusHead(features, num_classes)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        features = self.trunk(fold_frames(clip))  # (N*T) x features
        return self.head(features, self.frames)


@register(depths=DEPTHS, source="Wang et al., Temporal Segment Networks, ECCV 2016")
def tsn(*, num_classes: int, frames: int, depth: int) -> TSN:
    """A ResNet that the frames share, without any temporal module."""
    return TSN(*resnet_trunk(depth), num_classes=num_classes, frames=frames)
