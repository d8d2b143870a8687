"""TSM: a TSN whose residual blocks shift part of the channels along time."""

from models.backbones import RESNET_RULES
from models.layouts import Layout
from models.registry import register
from models.residual import BLOCKS, DEPTHS
from models.resnet2d import ResNet2D
from models.temporal import POOLINGS, TemporalShift
from models.tsn import TSN
from models.widths import WIDTHS

SPARSE_FROM_BLOCKS = 23  # with a third stage this long, only every second block of a stage shifts
LAYOUTS = (
    Layout(RESNET_RULES),
    # The authors' shift wraps the first convolution of the blocks that have one.
    Layout((*RESNET_RULES, (r"(\d\.conv1)\.", r"\1.net."))),
    Layout((*RESNET_RULES, (r"(\.\d*[02468]\.conv1)\.", r"\1.net."))),
)


@register(
    depths=DEPTHS,
    source="Lin et al., Temporal Shift Module, ICCV 2019",
    choices={"temporal_pooling": POOLINGS, "width": WIDTHS},
    layouts=LAYOUTS,
)
def tsm(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    temporal_pooling: str = "none",
    width: float = 1.0,
) -> TSN:
    """A TSN with a temporal shift before the first convolution of its residual blocks."""
    trunk = ResNet2D(
        depth,
        lambda channels, frames: TemporalShift(frames),
        frames=frames,
        temporal_pooling=temporal_pooling,
        width=width,
        every=2 if BLOCKS[depth][2] >= SPARSE_FROM_BLOCKS else 1,
    )
    return TSN(trunk, num_classes=num_classes, frames=frames)
