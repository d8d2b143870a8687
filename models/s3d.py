"""S3D: an Inception-v1 (models/inception.py) with separate convolutions in space and in time."""

from collections import OrderedDict

from torch import nn

from models.chain import Chain
from models.formulation import FORMULATIONS
from models.inception import NORM_EPS, Inception3D, convolution3d
from models.layouts import INCEPTION_3D
from models.norm import BatchNorm3d
from models.registry import register
from models.temporal import POOLINGS
from models.widths import WIDTHS


def separable_convolution(inputs: int, outputs: int) -> Chain:
    """A 1x3x3 and a 3x1x1 convolution, each with its batch norm and a ReLU."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        convolution3d(inputs, outputs, (1, 3, 3)).named_children()
    )
    layers["conv_t"] = nn.Conv3d(outputs, outputs, (3, 1, 1), padding=(1, 0, 0))
    layers["bn_t"] = BatchNorm3d(outputs, eps=NORM_EPS)
    layers["relu_t"] = nn.ReLU(inplace=True)
    return Chain(layers)


@register(
    source="Xie et al., Rethinking Spatiotemporal Feature Learning, ECCV 2018",
    smallest_clip=(8, 64),
    choices={"temporal_pooling": POOLINGS, "width": WIDTHS, "formulation": FORMULATIONS},
    layouts=(INCEPTION_3D,),
)
def s3d(
    *,
    num_classes: int,
    frames: int,
    temporal_pooling: str = "none",
    width: float = 1.0,
    formulation: str = "efficient",
) -> Inception3D:
    """An I3D with separate convolutions in space and in time."""
    return Inception3D(
        separable_convolution,
        stem_frames=3,
        last_kernel=2,
        num_classes=num_classes,
        frames=frames,
        temporal_pooling=temporal_pooling,
        width=width,
        formulation=formulation,
    )
