"""I3D-ResNet: a ResNet whose spatial convolutions are inflated to 3x3x3."""

from torch import nn

from models.registry import register
from models.resnet3d import DEPTHS, ResNet3D, Stride
from models.temporal import POOLINGS


def inflated(inputs: int, outputs: int, stride: Stride) -> list[nn.Module]:
    """A 3x3x3 convolution and its batch norm."""
    return [
        nn.Conv3d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm3d(outputs),
    ]


@register(
    depths=DEPTHS,
    source="Carreira and Zisserman, CVPR 2017; He et al., CVPR 2016 (inflated as by its authors)",
    choices={"temporal_pooling": POOLINGS},
)
def i3d_resnet(
    *, num_classes: int, frames: int, depth: int, temporal_pooling: str = "none"
) -> ResNet3D:
    """A ResNet whose spatial convolutions are inflated to 3x3x3."""
    return ResNet3D(
        depth,
        inflated,
        num_classes=num_classes,
        frames=frames,
        temporal_pooling=temporal_pooling,
    )
