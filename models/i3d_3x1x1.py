"""I3D of the non-local networks: a ResNet (models/resnet3d.py) that inflates few convolutions.

The first convolution of a bottleneck is 3x1x1 in all blocks of stage 1 and in every second block of
stages 2 to 4; no other convolution behind the stem sees more than one frame. `i3d_resnet`
(models/i3d_resnet.py) inflates the second one, to 3x3x3, in all blocks.
"""

from functools import partial

from models.formulation import FORMULATIONS
from models.layouts import RESNET_3D
from models.registry import register
from models.resnet3d import (
    Design,
    Parts3d,
    ResNet3D,
    normed,
    parts3d,
    pool_pairs,
    pooled_stem,
)
from models.widths import WIDTHS
from models.zoo_layouts import CAFFE2, MMACTION2, PYTORCHVIDEO_POOLED, SLOWFAST

DEPTHS = (50, 101)
STEM_STRIDES = (1, 4)
FLAT, TEMPORAL = (parts3d(normed((1, 3, 3)), entry=(time, 1, 1)) for time in (1, 3))
FIRST_INFLATED = (0, 0, 0, 1)  # the first of every second block, by stage


def block_parts(stage: int, block: int) -> Parts3d:
    """The parts of a block, by the positions of the stage and of the block in it."""
    is_inflated = stage == 0 or block % 2 == FIRST_INFLATED[stage]
    return TEMPORAL if is_inflated else FLAT


@register(
    depths=DEPTHS,
    source="Wang et al., Non-local Neural Networks, CVPR 2018, as in PyTorchVideo",
    choices={"stem_stride": STEM_STRIDES, "width": WIDTHS, "formulation": FORMULATIONS},
    layouts=(
        RESNET_3D,
        PYTORCHVIDEO_POOLED.of(stem_stride=1),
        SLOWFAST.of(stem_stride=1),
        CAFFE2.of(stem_stride=1),
        MMACTION2.of(stem_stride=4),
    ),
)
def i3d_3x1x1(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    stem_stride: int = 1,
    width: float = 1.0,
    formulation: str = "efficient",
) -> ResNet3D:
    """A ResNet of 3x1x1 convolutions in every second block; it halves the frames after stage 1.

    With `stem_stride=4`, as in MMAction2, the stem leaves a quarter of the frames.
    """
    network = ResNet3D(
        depth,
        Design(
            stem=partial(pooled_stem, (5, 7, 7), time_stride=2 if stem_stride == 4 else 1),
            parts=block_parts,
        ),
        num_classes=num_classes,
        frames=frames,
        width=width,
        formulation=formulation,
    )
    pool_pairs(network)
    return network
