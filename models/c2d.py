"""C2D: a ResNet (models/resnet3d.py) that convolves in space alone."""

from functools import partial

from torch import nn

from models.formulation import FORMULATIONS
from models.layouts import RESNET_3D, Layout
from models.registry import register
from models.resnet import DEPTHS
from models.resnet3d import Design, ResNet3D, normed, parts3d, pooled_stem
from models.temporal import POOLINGS
from models.widths import WIDTHS
from models.zoo_layouts import (
    PYTORCHVIDEO,
    PYTORCHVIDEO_BLOCKS,
    SLOWFAST,
    pytorchvideo_classifier,
    pytorchvideo_trunk,
)

FLAT = parts3d(normed((1, 3, 3)))
DESIGN = Design(stem=partial(pooled_stem, (1, 7, 7)), parts=lambda stage, block: FLAT)

POOLED = Layout(  # the pool is a block of its own
    (
        *pytorchvideo_trunk(stages=(1, 3, 4, 5)),
        *PYTORCHVIDEO_BLOCKS,
        pytorchvideo_classifier(block=6),
    )
)


@register(
    depths=DEPTHS,
    source="Wang et al., Non-local Neural Networks, CVPR 2018, as in PyTorchVideo",
    choices={"temporal_pooling": POOLINGS, "width": WIDTHS, "formulation": FORMULATIONS},
    layouts=(RESNET_3D, PYTORCHVIDEO, POOLED, SLOWFAST),
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
        pool = nn.MaxPool3d((2, 1, 1), stride=(2, 1, 1), ceil_mode=True)
        network.stages[0].add_module("pool", pool)
    return network
