"""R(2+1)D: a ResNet (models/resnet3d.py) that convolves in space and in time, one after the other.

Of 34 layers it is its authors' network; of 50 layers it is PyTorchVideo's, whose convolutions in
time come first.
"""

from collections import OrderedDict
from functools import partial

from torch import nn

from models.chain import Chain
from models.formulation import FORMULATIONS
from models.layouts import RESNET, Layout
from models.norm import BatchNorm3d, set_eps
from models.registry import register
from models.resnet import Layers
from models.resnet3d import (
    ALL_STRIDES,
    HALVE_SPACE,
    Design,
    ResNet3D,
    Triple,
    convolution3d,
    convolved_stem,
    parts3d,
)
from models.widths import WIDTHS
from models.zoo_layouts import PYTORCHVIDEO_BLOCKS, pytorchvideo_classifier, pytorchvideo_trunk

STEM_SHARE = 45 / 64  # channels between the convolutions of the stem, to those after it
AUTHORS = Layout(
    (
        (r"^stem\.conv1_s\.", "stem.0."),
        (r"^stem\.bn1_s\.", "stem.1."),
        (r"^stem\.conv1_t\.", "stem.3."),
        (r"^stem\.bn1\.", "stem.4."),
        (r"\.residual\.conv(\d)_s\.", r".conv\1.0.0."),
        (r"\.residual\.bn(\d)_s\.", r".conv\1.0.1."),
        (r"\.residual\.conv(\d)_t\.", r".conv\1.0.3."),
        (r"\.residual\.bn(\d)\.", r".conv\1.1."),
        *RESNET[1:],  # without the rule for the stem
    )
)
PYTORCHVIDEO = Layout(
    (
        (r"\.residual\.conv2_t\.", ".branch2.conv_b.conv_t."),
        (r"\.residual\.bn2_t\.", ".branch2.conv_b.norm."),
        (r"\.residual\.conv2_s\.", ".branch2.conv_b.conv_xy."),
        *pytorchvideo_trunk(),
        *PYTORCHVIDEO_BLOCKS,
        pytorchvideo_classifier(block=5),
    )
)


def space_first(number: int, inputs: int, outputs: int, stride: Triple) -> Layers:
    """A 1x3x3 and a 3x1x1 convolution with as many weights as one of 3x3x3, and their norms."""
    time, height, width = stride
    between = max(1, 27 * inputs * outputs // (9 * inputs + 3 * outputs))
    return {
        f"conv{number}_s": convolution3d((1, 3, 3), inputs, between, (1, height, width)),
        f"bn{number}_s": BatchNorm3d(between),
        f"relu{number}_s": nn.ReLU(inplace=True),
        f"conv{number}_t": convolution3d((3, 1, 1), between, outputs, (time, 1, 1)),
        f"bn{number}": BatchNorm3d(outputs),
    }


def time_first(number: int, inputs: int, outputs: int, stride: Triple) -> Layers:
    """A 3x1x1 and a 1x3x3 convolution, and their norms."""
    time, height, width = stride
    return {
        f"conv{number}_t": convolution3d((3, 1, 1), inputs, outputs, (time, 1, 1)),
        f"bn{number}_t": BatchNorm3d(outputs),
        f"relu{number}_t": nn.ReLU(inplace=True),
        f"conv{number}_s": convolution3d((1, 3, 3), outputs, outputs, (1, height, width)),
        f"bn{number}": BatchNorm3d(outputs),
    }


def factored_stem(channels: int) -> Chain:
    """A 1x7x7 convolution that halves height and width, then a 3x1x1 one, and their norms."""
    between = max(1, round(STEM_SHARE * channels))
    return Chain(
        OrderedDict(
            conv1_s=convolution3d((1, 7, 7), 3, between, HALVE_SPACE),
            bn1_s=BatchNorm3d(between),
            relu_s=nn.ReLU(inplace=True),
            conv1_t=convolution3d((3, 1, 1), between, channels),
            bn1=BatchNorm3d(channels),
            relu=nn.ReLU(inplace=True),
        )
    )


SPACE_FIRST, TIME_FIRST = parts3d(space_first), parts3d(time_first)
DESIGNS = {  # by depth
    34: Design(factored_stem, lambda stage, block: SPACE_FIRST, ALL_STRIDES),
    50: Design(
        partial(convolved_stem, (1, 7, 7)),
        lambda stage, block: TIME_FIRST,
        (HALVE_SPACE, HALVE_SPACE, (2, 2, 2), (2, 2, 2)),
    ),
}
NORM_EPS = {34: 1e-3, 50: 1e-5}  # depth -> of the published weights


@register(
    depths=tuple(DESIGNS),
    source="Tran et al., A Closer Look at Spatiotemporal Convolutions, CVPR 2018",
    choices={"width": WIDTHS, "formulation": FORMULATIONS},
    layouts=(AUTHORS, PYTORCHVIDEO),
    differing={"MMAction2": "its stem has a max-pool and its shortcuts have two convolutions"},
)
def r2plus1d(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    width: float = 1.0,
    formulation: str = "efficient",
) -> ResNet3D:
    """A ResNet with separate convolutions in space and in time, and no pool in its stem."""
    network = ResNet3D(
        depth,
        DESIGNS[depth],
        num_classes=num_classes,
        frames=frames,
        width=width,
        formulation=formulation,
    )
    set_eps(network, NORM_EPS[depth])
    return network
