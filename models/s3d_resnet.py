"""S3D-ResNet: a ResNet (models/resnet.py) with separate convolutions in space and in time."""

from torch import nn

from models.formulation import FORMULATIONS
from models.layouts import RESNET_3D
from models.norm import BatchNorm3d
from models.registry import register
from models.resnet import DEPTHS, Layers, ResNet3D, Stride3d
from models.temporal import POOLINGS
from models.widths import WIDTHS


def separable_convolution(number: int, inputs: int, outputs: int, stride: Stride3d) -> Layers:
    """A 1x3x3 and a 3x1x1 convolution, each with its batch norm, and a ReLU between them."""
    time, height, width = stride
    return {
        f"conv{number}": nn.Conv3d(
            inputs, outputs, (1, 3, 3), stride=(1, height, width), padding=(0, 1, 1), bias=False
        ),
        f"bn{number}": BatchNorm3d(outputs),
        f"relu{number}_s": nn.ReLU(inplace=True),
        f"conv{number}_t": nn.Conv3d(
            outputs, outputs, (3, 1, 1), stride=(time, 1, 1), padding=(1, 0, 0), bias=False
        ),
        f"bn{number}_t": BatchNorm3d(outputs),
    }


@register(
    depths=DEPTHS,
    source="Xie et al., Rethinking Spatiotemporal Feature Learning, ECCV 2018",
    choices={"temporal_pooling": POOLINGS, "width": WIDTHS, "formulation": FORMULATIONS},
    layouts=(RESNET_3D,),
)
def s3d_resnet(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    temporal_pooling: str = "none",
    width: float = 1.0,
    formulation: str = "efficient",
) -> ResNet3D:
    """An I3D-ResNet with separate convolutions in space and in time."""
    return ResNet3D(
        depth,
        separable_convolution,
        num_classes=num_classes,
        frames=frames,
        temporal_pooling=temporal_pooling,
        width=width,
        formulation=formulation,
    )
