"""S3D-ResNet: an I3D-ResNet whose 3x3x3 convolutions are split into space and time."""

from torch import nn

from models.registry import register
from models.residual import DEPTHS, Layers
from models.resnet3d import LAYOUT, ResNet3D, Stride
from models.temporal import POOLINGS
from models.widths import WIDTHS


def separated(number: int, inputs: int, outputs: int, stride: Stride) -> Layers:
    """A 1x3x3 and a 3x1x1 convolution, each with its batch norm, and a ReLU between them."""
    time, height, width = stride
    spatial, temporal = (1, height, width), (time, 1, 1)
    return {
        f"conv{number}": nn.Conv3d(
            inputs, outputs, (1, 3, 3), stride=spatial, padding=(0, 1, 1), bias=False
        ),
        f"bn{number}": nn.BatchNorm3d(outputs),
        f"relu{number}_s": nn.ReLU(inplace=True),
        f"conv{number}_t": nn.Conv3d(
            outputs, outputs, (3, 1, 1), stride=temporal, padding=(1, 0, 0), bias=False
        ),
        f"bn{number}_t": nn.BatchNorm3d(outputs),
    }


@register(
    depths=DEPTHS,
    source="Xie et al., Rethinking Spatiotemporal Feature Learning, ECCV 2018",
    choices={"temporal_pooling": POOLINGS, "width": WIDTHS},
    layouts=(LAYOUT,),
)
def s3d_resnet(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    temporal_pooling: str = "none",
    width: float = 1.0,
) -> ResNet3D:
    """An I3D-ResNet with separate convolutions in space and in time."""
    return ResNet3D(
        depth,
        separated,
        num_classes=num_classes,
        frames=frames,
        temporal_pooling=temporal_pooling,
        width=width,
    )
