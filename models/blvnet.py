"""bLVNet: a bLResNet (models/blresnet.py) over video, whose branches see different frames.

Of each pair of frames, the even one goes to the little branch and the odd one to the big branch,
counted from 0. A stage's output stands for both frames of its pair in the next stage. Source: Fan
et al., NeurIPS 2019.
"""

from typing import NamedTuple

from torch import Tensor, nn

from models.blresnet import CHOICES, DEPTHS, LAYOUTS, BLResNet
from models.chain import consume
from models.clip import check_clip, fold_frames, store_channels_last
from models.formulation import FORMULATIONS, save_memory
from models.head import ConsensusHead
from models.registry import FRAMES, register
from models.temporal import TemporalBuilder, no_temporal


class TemporalModules(NamedTuple):
    """Builders of a bLVNet's temporal modules, (channels, frames) -> module.

    `split` takes the frames of a clip, (N*T) x C x H x W, and `pair` one frame of each pair of
    equal ones, (N*T/2) x C x H x W. Both return a list of the big branch's input (odd frames) and
    the little branch's (even frames), (N*T/2) x C x H x W each. `block` keeps the shape.
    """

    split: TemporalBuilder
    pair: TemporalBuilder
    block: TemporalBuilder


class OddAndEven(nn.Module):
    """The odd and the even frames of a clip, unchanged."""

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (N*T) x C x H x W with even T to two views of (N*T/2) x C x H x W."""
        return [x[1::2], x[::2]]


class Both(nn.Module):
    """The same tensor for both branches."""

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return `x` twice."""
        return [x, x]


class BLVNet(nn.Module):
    """A Big-Little network over a clip, N x 3 x T x H x W with even T.

    `temporal` builds the modules behind the first ReLU, at the entry of stages 1 to 3, and in every
    block of stage 4. Weights are stored channels-last, see `models.clip.store_channels_last`.
    """

    frames_first = True  # a clip stored frame by frame is folded without a copy
    saves_memory = True

    def __init__(
        self,
        depth: int,
        temporal: TemporalModules,
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
            temporal=lambda channels: temporal.block(channels, frames // 2),
        )
        stem, *stages = self.trunk.widths
        pairs = (temporal.pair(channels, frames) for channels in stages)
        self.temporal = nn.ModuleList([temporal.split(stem, frames), *pairs])
        self.head = ConsensusHead(self.trunk.features, num_classes)
        store_channels_last(self)
        if self.saves_memory:
            save_memory(self)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        features = [self.trunk.entry(fold_frames(clip))]  # (N*T) x 64 x H/2 x W/2
        for temporal, fusion in zip(self.temporal, self.trunk.fusions, strict=True):
            branches = temporal(features.pop())  # two of (N*T/2) x C x h x w
            features = [fusion(branches)]  # (N*T/2) x C' x h' x w'
        x = consume(self.trunk.last_stage, features)  # (N*T/2) x 2048 x H/32 x W/32
        return self.head(x.mean(dim=(2, 3)), clip.shape[0])


class PublishedBLVNet(BLVNet):
    """A bLVNet as its authors compute it: a stage's output is written once for each frame.

    All of its temporal modules map the frames of a clip, (N*T) x C x H x W, to the same shape.
    """

    saves_memory = False

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        x = self.trunk.entry(fold_frames(clip))  # (N*T) x 64 x H/2 x W/2
        for temporal, fusion in zip(self.temporal, self.trunk.fusions, strict=True):
            x = temporal(x)
            x = fusion([_odd(x), _even(x)]).repeat_interleave(2, dim=0)  # (N*T) x C x h x w
        x = self.trunk.last_stage(_odd(x))  # (N*T/2) x 2048 x H/32 x W/32
        return self.head(x.mean(dim=(2, 3)), clip.shape[0])


def _even(x: Tensor) -> Tensor:
    """Frames 0, 2, 4, ... of (N*T) x C x H x W with even T, copied: (N*T/2) x C x H x W."""
    return x[::2].contiguous()


def _odd(x: Tensor) -> Tensor:
    """Frames 1, 3, 5, ... of (N*T) x C x H x W with even T, copied: (N*T/2) x C x H x W."""
    return x[1::2].contiguous()


NETWORKS = {"efficient": BLVNet, "published": PublishedBLVNet}  # by formulation
TEMPORAL_MODULES = {
    "efficient": TemporalModules(
        split=lambda channels, frames: OddAndEven(),
        pair=lambda channels, frames: Both(),
        block=no_temporal,
    ),
    "published": TemporalModules(no_temporal, no_temporal, no_temporal),
}


@register(
    group=FRAMES,
    depths=DEPTHS,
    source="Fan et al., NeurIPS 2019",
    frame_multiple=2,
    choices={**CHOICES, "formulation": FORMULATIONS},
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
    formulation: str = "efficient",
) -> BLVNet:
    """A Big-Little video network: local fusion of frame pairs, without a temporal module."""
    return NETWORKS[formulation](
        depth,
        TEMPORAL_MODULES[formulation],
        num_classes=num_classes,
        frames=frames,
        alpha=alpha,
        beta=beta,
        width=width,
    )
