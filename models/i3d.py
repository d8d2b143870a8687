"""I3D: Inception-v1 (models/inception.py) with convolutions inflated to three dimensions."""

from models.formulation import FORMULATIONS
from models.inception import Inception3D, convolution3d
from models.layouts import INCEPTION_3D
from models.registry import register
from models.temporal import POOLINGS
from models.widths import WIDTHS


@register(
    source="Carreira and Zisserman, CVPR 2017, as in Chen et al., CVPR 2021",
    choices={"temporal_pooling": POOLINGS, "width": WIDTHS, "formulation": FORMULATIONS},
    layouts=(INCEPTION_3D,),
)
def i3d(
    *,
    num_classes: int,
    frames: int,
    temporal_pooling: str = "none",
    width: float = 1.0,
    formulation: str = "efficient",
) -> Inception3D:
    """An Inception-v1 whose convolutions are inflated to 3x3x3."""
    return Inception3D(
        lambda inputs, outputs: convolution3d(inputs, outputs, (3, 3, 3)),
        stem_frames=7,
        last_kernel=3,
        num_classes=num_classes,
        frames=frames,
        temporal_pooling=temporal_pooling,
        width=width,
        formulation=formulation,
    )
