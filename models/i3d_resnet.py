"""I3D-ResNet: a ResNet (models/resnet3d.py) whose 3x3 convolutions are inflated to 3x3x3.

This is the I3D that the authors of bLVNet-TAM compare with. That of PyTorchVideo, SlowFast and
MMAction2 inflates 1x1 convolutions in every second block (models/i3d_3x1x1.py).
"""

from collections.abc import Callable

from torch import nn

from models.formulation import FORMULATIONS
from models.layouts import RESNET_3D
from models.registry import register
from models.resnet import DEPTHS
from models.resnet3d import ResNet3D, inflated, normed
from models.temporal import POOLINGS, no_temporal
from models.widths import WIDTHS


class TemporalAggregation3d(nn.Sequential):
    """The TAM of models/tam.py for N x C x T x H x W, which it maps to the same shape.

    A depthwise convolution along time, with zero beyond the clip's ends, and a ReLU.
    """

    def __init__(self, channels: int, window: int = 3) -> None:
        super().__init__(
            nn.Conv3d(
                channels,
                channels,
                (window, 1, 1),
                padding=(window // 2, 0, 0),
                groups=channels,
                bias=False,
            ),
            nn.ReLU(inplace=True),
        )


TEMPORAL_MODULES: dict[str, Callable[[int], nn.Module]] = {
    "none": no_temporal,
    "tam": TemporalAggregation3d,
}


@register(
    depths=DEPTHS,
    source="Carreira and Zisserman, CVPR 2017; He et al., CVPR 2016 (inflated as by its authors)",
    choices={
        "temporal_module": TEMPORAL_MODULES,
        "temporal_pooling": POOLINGS,
        "width": WIDTHS,
        "formulation": FORMULATIONS,
    },
    layouts=(RESNET_3D,),
)
def i3d_resnet(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    temporal_module: str = "none",
    temporal_pooling: str = "none",
    width: float = 1.0,
    formulation: str = "efficient",
) -> ResNet3D:
    """A ResNet whose spatial convolutions are inflated to 3x3x3."""
    return ResNet3D(
        depth,
        inflated(normed((3, 3, 3)), temporal_pooling, TEMPORAL_MODULES[temporal_module]),
        num_classes=num_classes,
        frames=frames,
        width=width,
        formulation=formulation,
    )
