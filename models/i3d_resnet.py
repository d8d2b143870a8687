"""I3D-ResNet: a ResNet (models/resnet.py) whose 3x3 convolutions are inflated to 3x3x3."""

from collections.abc import Callable

from torch import nn

from models.formulation import FORMULATIONS
from models.layouts import RESNET_3D
from models.norm import BatchNorm3d
from models.registry import register
from models.resnet import DEPTHS, Layers, ResNet3D, Stride3d
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


def inflated_convolution(number: int, inputs: int, outputs: int, stride: Stride3d) -> Layers:
    """A 3x3x3 convolution and its batch norm."""
    return {
        f"conv{number}": nn.Conv3d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        f"bn{number}": BatchNorm3d(outputs),
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
        inflated_convolution,
        num_classes=num_classes,
        frames=frames,
        temporal_pooling=temporal_pooling,
        width=width,
        formulation=formulation,
        temporal=TEMPORAL_MODULES[temporal_module],
    )
