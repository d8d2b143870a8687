"""S3D-ResNet: a ResNet (models/resnet3d.py) with separate convolutions in space and in time."""

from torch import nn

from models.formulation import FORMULATIONS
from models.layouts import RESNET_3D
from models.norm import BatchNorm3d
from models.registry import register
from models.resnet import DEPTHS, Layers
from models.resnet3d import ResNet3D, Triple, convolution3d, inflated
from models.temporal import POOLINGS
from models.widths import WIDTHS


def separable_convolution(number: int, inputs: int, outputs: int, stride: Triple) -> Layers:
    """A 1x3x3 and a 3x1x1 convolution, each with its batch norm, and a ReLU between them."""
    time, height, width = stride
    return {
        f"conv{number}": convolution3d((1, 3, 3), inputs, outputs, (1, height, width)),
        f"bn{number}": BatchNorm3d(outputs),
        f"relu{number}_s": nn.ReLU(inplace=True),
        f"conv{number}_t": convolution3d((3, 1, 1), outputs, outputs, (time, 1, 1)),
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
        inflated(separable_convolution, temporal_pooling),
        num_classes=num_classes,
        frames=frames,
        width=width,
        formulation=formulation,
    )
