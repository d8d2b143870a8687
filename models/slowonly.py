"""SlowOnly: a ResNet (models/resnet3d.py) that convolves in time in stages 3 and 4 alone."""

from functools import partial

from models.formulation import FORMULATIONS
from models.layouts import RESNET_3D
from models.registry import register
from models.resnet3d import Design, ResNet3D, normed, parts3d, pooled_stem
from models.widths import WIDTHS
from models.zoo_layouts import CAFFE2, MMACTION2, PYTORCHVIDEO, SLOWFAST

DEPTHS = (50, 101)
FLAT, TEMPORAL = (parts3d(normed((1, 3, 3)), entry=(time, 1, 1)) for time in (1, 3))
DESIGN = Design(
    stem=partial(pooled_stem, (1, 7, 7)),
    parts=lambda stage, block: FLAT if stage < 2 else TEMPORAL,
)


@register(
    depths=DEPTHS,
    source="Feichtenhofer et al., SlowFast Networks, ICCV 2019",
    choices={"width": WIDTHS, "formulation": FORMULATIONS},
    layouts=(RESNET_3D, PYTORCHVIDEO, SLOWFAST, CAFFE2, MMACTION2),
)
def slowonly(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    width: float = 1.0,
    formulation: str = "efficient",
) -> ResNet3D:
    """The slow pathway of SlowFast by itself."""
    return ResNet3D(
        depth,
        DESIGN,
        num_classes=num_classes,
        frames=frames,
        width=width,
        formulation=formulation,
    )
