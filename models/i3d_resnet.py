"""I3D-ResNet: a ResNet whose spatial convolutions are inflated to 3x3x3."""

from collections.abc import Callable

from torch import nn

from models.aggregation import TemporalAggregation3d
from models.registry import register
from models.residual import DEPTHS, Layers
from models.resnet3d import LAYOUT, ResNet3D, Stride
from models.temporal import POOLINGS, no_temporal
from models.widths import WIDTHS

TEMPORAL_MODULES: dict[str, Callable[[int], nn.Module]] = {
    "none": no_temporal,
    "tam": TemporalAggregation3d,
}


def inflated(number: int, inputs: int, outputs: int, stride: Stride) -> Layers:
    """A 3x3x3 convolution and its batch norm."""
    return {
        f"conv{number}": nn.Conv3d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        f"bn{number}": nn.BatchNorm3d(outputs),
    }


@register(
    depths=DEPTHS,
    source="Carreira and Zisserman, CVPR 2017; He et al., CVPR 2016 (inflated as by its authors)",
    choices={
        "temporal_module": TEMPORAL_MODULES,
        "temporal_pooling": POOLINGS,
        "width": WIDTHS,
    },
    layouts=(LAYOUT,),
)
def i3d_resnet(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    temporal_module: str = "none",
    temporal_pooling: str = "none",
    width: float = 1.0,
) -> ResNet3D:
    """A ResNet whose spatial convolutions are inflated to 3x3x3."""
    return ResNet3D(
        depth,
        inflated,
        num_classes=num_classes,
        frames=frames,
        temporal_pooling=temporal_pooling,
        width=width,
        temporal=TEMPORAL_MODULES[temporal_module],
    )
