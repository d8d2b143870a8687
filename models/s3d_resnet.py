"""S3D-ResNet: an I3D-ResNet whose 3x3x3 convolutions are split into space and time."""

from torch import nn

from models.registry import register
from models.resnet3d import DEPTHS, ResNet3D, Stride
from models.temporal import POOLINGS


def separated(inputs: int, outputs: int, stride: Stride) -> list[nn.Module]:
    """A 1x3x3 and a 3x1x1 convolution, each with its batch norm, and a ReLU between them."""
    time, height, width = stride
    return [
        nn.Conv3d(
            inputs, outputs, (1, 3, 3), stride=(1, height, width), padding=(0, 1, 1), bias=False
        ),
        nn.BatchNorm3d(outputs),
        nn.ReLU(inplace=True),
        nn.Conv3d(outputs, outputs, (3, 1, 1), stride=(time, 1, 1), padding=(1, 0, 0), bias=False),
        nn.BatchNorm3d(outputs),
    ]


@register(
    depths=DEPTHS,
    source="Xie et al., Rethinking Spatiotemporal Feature Learning, ECCV 2018",
    choices={"temporal_pooling": POOLINGS},
)
def s3d_resnet(
    *, num_classes: int, frames: int, depth: int, temporal_pooling: str = "none"
) -> ResNet3D:
    """An I3D-ResNet with separate convolutions in space and in time."""
    return ResNet3D(
        depth,
        separated,
        num_classes=num_classes,
        frames=frames,
        temporal_pooling=temporal_pooling,
    )
