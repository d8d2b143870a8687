"""C2D: a ResNet (models/resnet3d.py) that convolves in space alone."""

from functools import partial

from models.formulation import FORMULATIONS
from models.layouts import RESNET_3D
from models.registry import register
from models.resnet import DEPTHS
from models.resnet3d import Design, ResNet3D, normed, parts3d, pool_pairs, pooled_stem
from models.temporal import POOLINGS
from models.widths import WIDTHS
from models.zoo_layouts import CAFFE2, PYTORCHVIDEO, PYTORCHVIDEO_POOLED, SLOWFAST

FLAT = parts3d(normed((1, 3, 3)))
DESIGN = Design(stem=partial(pooled_stem, (1, 7, 7)), parts=lambda stage, block: FLAT)


@register(
    depths=DEPTHS,
    source="Wang et al., Non-local Neural Networks, CVPR 2018, as in PyTorchVideo",
    choices={"temporal_pooling": POOLINGS, "width": WIDTHS, "formulation": FORMULATIONS},
    layouts=(
        RESNET_3D,
        PYTORCHVIDEO.of(temporal_pooling="none"),
        PYTORCHVIDEO_POOLED.of(temporal_pooling="max"),
        SLOWFAST,
        CAFFE2,
    ),
    differing={
        "MMAction2": (
            "it convolves frame by frame; without temporal pooling it is tsn, and with it the "
            "max-pool of its stem has no padding"
        )
    },
)
def c2d(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    temporal_pooling: str = "none",
    width: float = 1.0,
    formulation: str = "efficient",
) -> ResNet3D:
    """A ResNet without convolutions in time; it may halve the frames after stage 1."""
    network = ResNet3D(
        depth,
        DESIGN,
        num_classes=num_classes,
        frames=frames,
        width=width,
        formulation=formulation,
    )
    if temporal_pooling == "max":
        pool_pairs(network)
    return network
