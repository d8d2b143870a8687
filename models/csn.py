"""CSN: a ResNet (models/resnet3d.py) whose 3x3x3 convolutions see one channel at a time."""

from functools import partial

from models.formulation import FORMULATIONS
from models.layouts import Layout
from models.norm import BatchNorm3d, set_eps
from models.registry import register
from models.resnet import Layers
from models.resnet3d import (
    ALL_STRIDES,
    UNIT,
    Design,
    ResNet3D,
    Triple,
    convolution3d,
    parts3d,
    pooled_stem,
)
from models.widths import WIDTHS
from models.zoo_layouts import MMACTION2_BLOCKS, MMACTION2_TRUNK, PYTORCHVIDEO

NORM_EPS = {50: 1e-3, 101: 1e-5, 152: 1e-3}  # depth -> of the published weights
MMACTION2_REDUCED = Layout(
    (
        (r"\.residual\.(conv|bn)2\.", r".conv2.0.\1."),
        *MMACTION2_TRUNK,
        *MMACTION2_BLOCKS,
    )
)
MMACTION2_PRESERVED = Layout(
    (
        (r"\.residual\.(conv|bn)2_p\.", r".conv2.0.\1."),
        (r"\.residual\.(conv|bn)2\.", r".conv2.1.\1."),
        *MMACTION2_TRUNK,
        *MMACTION2_BLOCKS,
    )
)


def depthwise(number: int, inputs: int, outputs: int, stride: Triple) -> Layers:
    """A 3x3x3 convolution of each channel by itself, and its batch norm."""
    return {
        f"conv{number}": convolution3d((3, 3, 3), inputs, outputs, stride, groups=inputs),
        f"bn{number}": BatchNorm3d(outputs),
    }


def separated(number: int, inputs: int, outputs: int, stride: Triple) -> Layers:
    """A 1x1x1 convolution, then a `depthwise` one, each with its batch norm."""
    return {
        f"conv{number}_p": convolution3d(UNIT, inputs, outputs),
        f"bn{number}_p": BatchNorm3d(outputs),
        **depthwise(number, outputs, outputs, stride),
    }


INTERACTIONS = {"reduced": depthwise, "preserved": separated}


@register(
    depths=tuple(NORM_EPS),
    source="Tran et al., Channel-Separated Convolutional Networks, ICCV 2019",
    choices={"interaction": INTERACTIONS, "width": WIDTHS, "formulation": FORMULATIONS},
    layouts=(PYTORCHVIDEO, MMACTION2_REDUCED, MMACTION2_PRESERVED),
)
def csn(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    interaction: str = "reduced",
    width: float = 1.0,
    formulation: str = "efficient",
) -> ResNet3D:
    """A 3D ResNet with depthwise convolutions; `preserved` keeps a 1x1x1 one before each."""
    parts = parts3d(INTERACTIONS[interaction])
    network = ResNet3D(
        depth,
        Design(partial(pooled_stem, (3, 7, 7)), lambda stage, block: parts, ALL_STRIDES),
        num_classes=num_classes,
        frames=frames,
        width=width,
        formulation=formulation,
    )
    set_eps(network, NORM_EPS[depth])
    return network
