"""TSM: a TSN whose residual blocks shift part of the channels along time.

The blocks are those of a ResNet (models/resnet.py) or of torchvision's image networks
(models/torchvision_image.py).
"""

from torch import Tensor, nn

from models import mobilenet_layouts, torchvision_image
from models.formulation import FORMULATIONS
from models.layouts import Layout
from models.operators.shift import shift_frames
from models.registry import FRAMES, register
from models.resnet import BLOCKS, DEPTHS
from models.temporal import POOLINGS
from models.tsn import RESNET_RULES, TSN, build_tsn
from models.widths import WIDTHS
from models.zoo_layouts import MMACTION2_FRAMES

RESNET = "resnet"
SHIFTED_SHARE = 8  # one channel in eight comes from the next frame, one from the previous
SPARSE_FROM_BLOCKS = 23  # with a third stage this long, only every second block of a stage shifts
LAYOUTS = (
    Layout(RESNET_RULES),
    # The authors' shift wraps the first convolution of the blocks that have one.
    Layout((*RESNET_RULES, (r"(\d\.conv1)\.", r"\1.net."))),
    Layout((*RESNET_RULES, (r"(\.\d*[02468]\.conv1)\.", r"\1.net."))),
    Layout((*MMACTION2_FRAMES, (r"(\d\.conv1\.conv)\.", r"\1.net."))),
    Layout((*MMACTION2_FRAMES, (r"(\.\d*[02468]\.conv1\.conv)\.", r"\1.net."))),
    *torchvision_image.LAYOUTS,
    mobilenet_layouts.MMACTION2_SHIFTED,
    *mobilenet_layouts.MIT_SHIFTED,
)


class TemporalShift(nn.Module):
    """The temporal shift over clips of `frames`.

    The first eighth of the channels takes the values of the next frame, the second eighth those of
    the previous frame, the rest stay; beyond the clip's ends there is zero.
    """

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.frames = frames

    def forward(self, x: Tensor) -> Tensor:
        """Map (N*T) x C x H x W to the same shape."""
        return shift_frames(x, self.frames, x.shape[1] // SHIFTED_SHARE, 1)


@register(
    group=FRAMES,
    depths={RESNET: DEPTHS},
    source="Lin et al., Temporal Shift Module, ICCV 2019",
    choices={
        "backbone": (RESNET, *torchvision_image.RESIDUAL),
        "temporal_pooling": POOLINGS,
        "width": WIDTHS,
        "formulation": FORMULATIONS,
    },
    layouts=LAYOUTS,
)
def tsm(
    *,
    num_classes: int,
    frames: int,
    depth: int | None,
    backbone: str = RESNET,
    temporal_pooling: str = "none",
    width: float = 1.0,
    formulation: str = "efficient",
) -> TSN:
    """A TSN with a temporal shift before the first convolution of its residual blocks."""
    is_long = depth is not None and BLOCKS[depth][2] >= SPARSE_FROM_BLOCKS
    return build_tsn(
        backbone,
        depth,
        lambda channels, frames: TemporalShift(frames),
        num_classes=num_classes,
        frames=frames,
        temporal_pooling=temporal_pooling,
        width=width,
        formulation=formulation,
        every=2 if is_long else 1,
    )
