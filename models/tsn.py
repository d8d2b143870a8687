"""TSN: frames share an image network, and a clip's logits are the mean of its frames' logits."""

from typing import TYPE_CHECKING

from torch import Tensor, nn

from models.backbones import BACKBONES, LAYOUTS, build_trunk
from models.clip import check_clip, fold_frames, store_channels_last
from models.head import ConsensusHead
from models.registry import register
from models.temporal import POOLINGS, no_temporal
from models.widths import WIDTHS

if TYPE_CHECKING:
    from models.blresnet import BLResNet
    from models.inception2d import Inception2D
    from models.resnet2d import ResNet2D


class TSN(nn.Module):
    """A 2D trunk over the frames of a clip, N x 3 x T x H x W, and the mean of their logits.

    `trunk` maps (N*T) x 3 x H x W to as many `features` a frame; it may leave fewer frames.
    Stored channels-last, see `models.clip.store_channels_last`.
    """

    frames_first = True  # a clip stored frame by frame is folded without a copy

    def __init__(
        self, trunk: "ResNet2D | Inception2D | BLResNet", *, num_classes: int, frames: int
    ) -> None:
        super().__init__()
        self.frames = frames
        self.trunk = trunk
        self.head = ConsensusHead(trunk.features, num_classes)
        store_channels_last(self)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        features = self.trunk(fold_frames(clip))  # (N*T') x features
        return self.head(features, clip.shape[0])


@register(
    depths=BACKBONES,
    source="Wang et al., Temporal Segment Networks, ECCV 2016",
    choices={"backbone": BACKBONES, "temporal_pooling": POOLINGS, "width": WIDTHS},
    layouts=LAYOUTS,
)
def tsn(
    *,
    num_classes: int,
    frames: int,
    depth: int | None,
    backbone: str = "resnet",
    temporal_pooling: str = "none",
    width: float = 1.0,
) -> TSN:
    """An image network that the frames share, without any temporal module."""
    trunk = build_trunk(
        backbone,
        depth,
        no_temporal,
        frames=frames,
        temporal_pooling=temporal_pooling,
        width=width,
    )
    return TSN(trunk, num_classes=num_classes, frames=frames)
