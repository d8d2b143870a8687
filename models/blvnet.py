"""bLVNet: a bLResNet over video, whose two branches see different frames of each pair."""

from torch import Tensor, nn

from models.blresnet import CHOICES, DEPTHS, LAYOUTS, BLResNet
from models.clip import check_clip, fold_frames
from models.head import ConsensusHead
from models.registry import register
from models.temporal import TemporalBuilder, no_temporal


def even(x: Tensor) -> Tensor:
    """Frames 0, 2, 4, ... of (N*T) x C x H x W with even T, copied: (N*T/2) x C x H x W."""
    return x[::2].contiguous()


def odd(x: Tensor) -> Tensor:
    """Frames 1, 3, 5, ... of (N*T) x C x H x W with even T, copied: (N*T/2) x C x H x W."""
    return x[1::2].contiguous()


class BLVNet(nn.Module):
    """A Big-Little network over a clip, N x 3 x T x H x W with even T.

    Even frames (counting from 0) go to the little branch, odd ones to the big branch; a stage's
    output stands for both frames of its pair in the next stage, and is written twice, as by its
    authors. `temporal(channels, frames)` builds what stands behind the first ReLU, at the entry of
    stages 1 to 3 and in every block of stage 4.
    """

    frames_first = True  # a clip stored frame by frame is folded without a copy

    def __init__(
        self,
        depth: int,
        temporal: TemporalBuilder,
        *,
        num_classes: int,
        frames: int,
        alpha: int,
        beta: int,
        width: float,
    ) -> None:
        super().__init__()
        self.frames = frames
        self.trunk = BLResNet(
            depth,
            alpha=alpha,
            beta=beta,
            width=width,
            temporal=lambda channels: temporal(channels, frames // 2),
        )
        self.temporal = nn.ModuleList(temporal(channels, frames) for channels in self.trunk.widths)
        self.head = ConsensusHead(self.trunk.features, num_classes)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        x = self.trunk.entry(fold_frames(clip))  # (N*T) x 64 x H/2 x W/2
        for temporal, fusion in zip(self.temporal, self.trunk.fusions, strict=True):
            x = temporal(x)
            x = fusion(odd(x), even(x)).repeat_interleave(2, dim=0)  # (N*T) x C x h x w
        x = self.trunk.last_stage(odd(x))  # (N*T/2) x 2048 x H/32 x W/32
        return self.head(x.mean(dim=(2, 3)), clip.shape[0])


@register(
    depths=DEPTHS,
    source="Fan et al., NeurIPS 2019",
    frame_multiple=2,
    choices=CHOICES,
    layouts=LAYOUTS,
)
def blvnet(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    alpha: int = 2,
    beta: int = 4,
    width: float = 1.0,
) -> BLVNet:
    """A Big-Little video network: local fusion of frame pairs, without a temporal module."""
    return BLVNet(
        depth,
        no_temporal,
        num_classes=num_classes,
        frames=frames,
        alpha=alpha,
        beta=beta,
        width=width,
    )
