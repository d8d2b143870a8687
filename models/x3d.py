"""X3D: a narrow ResNet of depthwise 3x3x3 convolutions, expanded step by step to a budget.

Source: Feichtenhofer, CVPR 2020. In PyTorchVideo the first shortcut has no batch norm; in SlowFast,
the author's own code, and in MMAction2 it has one.
"""

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.chain import Chain
from models.clip import check_clip
from models.formulation import EFFICIENT, FORMULATIONS, save_memory
from models.head import ConsensusHead
from models.initialise import initialise
from models.layouts import Layout
from models.norm import BatchNorm3d
from models.registry import register
from models.resnet import Layers, ResidualBlock
from models.resnet3d import HALVE_SPACE, UNIT, Triple, convolution3d
from models.widths import WIDTHS, scale_channels
from models.zoo_layouts import (
    MMACTION2_BLOCKS,
    MMACTION2_TRUNK,
    PYTORCHVIDEO_BLOCKS,
    SLOWFAST_BLOCKS,
    pytorchvideo_classifier,
    pytorchvideo_trunk,
    slowfast_trunk,
)


@dataclass(frozen=True)
class Widths:
    """The channels of a stage: of its output, inside its blocks, and of their excitation."""

    outputs: int
    inner: int
    squeezed: int


STEM_WIDTH = 24
STAGES = (Widths(24, 54, 8), Widths(48, 108, 8), Widths(96, 216, 16), Widths(192, 432, 32))
FEATURES = 2048
# variant -> blocks of each stage. The first three are one network, published for clips of 4 and
# 13 frames of 160 x 160 pixels and of 16 of 224 x 224; l is for 16 of 312 x 312.
SMALL = (3, 5, 11, 7)
VARIANTS = {"xs": SMALL, "s": SMALL, "m": SMALL, "l": (5, 10, 25, 15)}
SHORTCUT_NORMS = ("widening", "all")  # on shortcuts that change the channels, or the size as well
PYTORCHVIDEO = Layout(
    (
        (r"^stem\.conv1_s\.", "blocks.0.conv.conv_t."),
        (r"^stem\.conv1_t\.", "blocks.0.conv.conv_xy."),
        (r"\.residual\.bn2\.", ".branch2.norm_b.0."),
        (r"\.residual\.excitation\.reduce\.", ".branch2.norm_b.1.block.0."),
        (r"\.residual\.excitation\.expand\.", ".branch2.norm_b.1.block.2."),
        (r"^features\.conv1\.", "blocks.5.pool.pre_conv."),
        (r"^features\.bn1\.", "blocks.5.pool.pre_norm."),
        (r"^features\.conv2\.", "blocks.5.pool.post_conv."),
        *pytorchvideo_trunk(),
        *PYTORCHVIDEO_BLOCKS,
        pytorchvideo_classifier(block=5),
    )
)
SLOWFAST = Layout(
    (
        (r"^stem\.conv1_s\.", "s1.pathway0_stem.conv_xy."),
        (r"^stem\.conv1_t\.", "s1.pathway0_stem.conv."),
        (r"\.residual\.excitation\.reduce\.", ".branch2.se.fc1."),
        (r"\.residual\.excitation\.expand\.", ".branch2.se.fc2."),
        (r"^features\.conv1\.", "head.conv_5."),
        (r"^features\.bn1\.", "head.conv_5_bn."),
        (r"^features\.conv2\.", "head.lin_5."),
        *slowfast_trunk(),
        *SLOWFAST_BLOCKS,
    )
)
MMACTION2 = Layout(
    (
        (r"^stem\.conv1_([st])\.", r"backbone.conv1_\1.conv."),
        (r"^stem\.bn1\.", "backbone.conv1_t.bn."),
        (r"\.residual\.excitation\.reduce\.", ".se_module.fc1."),
        (r"\.residual\.excitation\.expand\.", ".se_module.fc2."),
        (r"^features\.conv1\.", "backbone.conv5.conv."),
        (r"^features\.bn1\.", "backbone.conv5.bn."),
        (r"^features\.conv2\.", "cls_head.fc1."),
        (r"^head\.classifier\.", "cls_head.fc2."),
        *MMACTION2_TRUNK,
        *MMACTION2_BLOCKS,
    )
)


class SqueezeExcitation(nn.Module):
    """Scales each channel by a factor that two layers compute from the means of all channels."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.reduce = nn.Conv3d(channels, squeezed, 1)
        self.expand = nn.Conv3d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map N x C x T x H x W to the same shape."""
        means = x.mean(dim=(2, 3, 4), keepdim=True)  # N x C x 1 x 1 x 1
        return x * torch.sigmoid(self.expand(torch.relu(self.reduce(means))))


def residual(inputs: int, widths: Widths, stride: Triple, *, excites: bool) -> Layers:
    """A depthwise 3x3x3 convolution between two of 1x1x1, if `excites` with an excitation."""
    inner = widths.inner
    excitation = {"excitation": SqueezeExcitation(inner, widths.squeezed)} if excites else {}
    return {
        "conv1": convolution3d(UNIT, inputs, inner),
        "bn1": BatchNorm3d(inner),
        "relu1": nn.ReLU(inplace=True),
        "conv2": convolution3d((3, 3, 3), inner, inner, stride, groups=inner),
        "bn2": BatchNorm3d(inner),
        **excitation,
        "swish": nn.SiLU(inplace=True),
        "conv3": convolution3d(UNIT, inner, widths.outputs),
        "bn3": BatchNorm3d(widths.outputs),
    }


def shortcut(inputs: int, outputs: int, stride: Triple, norms: str) -> Layers:
    """A 1x1x1 convolution where the size or the channels change, with a batch norm by `norms`."""
    if inputs == outputs and stride == UNIT:
        return {}
    has_norm = inputs != outputs or norms == "all"
    norm = {"bn": BatchNorm3d(outputs)} if has_norm else {}
    return {"conv": convolution3d(UNIT, inputs, outputs, stride), **norm}


def build_stage(inputs: int, widths: Widths, blocks: int, shortcut_norms: str) -> Chain:
    """A stage, which halves height and width; every second block excites, and so does the first."""
    stage = Chain()
    for number in range(blocks):
        stride = UNIT if number else HALVE_SPACE
        branch = residual(inputs, widths, stride, excites=number % 2 == 0)
        short = shortcut(inputs, widths.outputs, stride, shortcut_norms)
        stage.append(ResidualBlock(branch, short, nn.Identity()))
        inputs = widths.outputs
    return stage


class X3D(nn.Module):
    """An X3D over clips of `frames`, with the given number of `blocks` in each stage.

    `shortcut_norms` is one of `SHORTCUT_NORMS`.
    """

    def __init__(
        self,
        blocks: tuple[int, ...],
        shortcut_norms: str,
        *,
        num_classes: int,
        frames: int,
        width: float,
        formulation: str,
    ) -> None:
        super().__init__()
        self.frames = frames
        channels = scale_channels(STEM_WIDTH, width)
        self.stem = Chain(
            OrderedDict(
                conv1_s=convolution3d((1, 3, 3), 3, channels, HALVE_SPACE),
                conv1_t=convolution3d((5, 1, 1), channels, channels, groups=channels),
                bn1=BatchNorm3d(channels),
                relu=nn.ReLU(inplace=True),
            )
        )
        self.stages = nn.ModuleList()
        for count, whole in zip(blocks, STAGES, strict=True):
            sizes = (whole.outputs, whole.inner, whole.squeezed)
            widths = Widths(*(scale_channels(size, width) for size in sizes))
            self.stages.append(build_stage(channels, widths, count, shortcut_norms))
            channels = widths.outputs
        features = scale_channels(FEATURES, width)
        self.features = Chain(
            OrderedDict(
                conv1=convolution3d(UNIT, channels, widths.inner),
                bn1=BatchNorm3d(widths.inner),
                relu1=nn.ReLU(inplace=True),
                pool=nn.AdaptiveAvgPool3d(1),
                conv2=convolution3d(UNIT, widths.inner, features),
                relu2=nn.ReLU(inplace=True),
            )
        )
        initialise(self)
        self.head = ConsensusHead(features, num_classes)
        if formulation == EFFICIENT:
            save_memory(self)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        features = [self.stem([clip])]  # N x 24 x T x H/2 x W/2
        for stage in self.stages:
            features = [stage(features)]  # after the last: N x 192 x T x H/32 x W/32
        return self.head(self.features(features).flatten(1), clip.shape[0])


@register(
    source="Feichtenhofer, X3D, CVPR 2020, as in PyTorchVideo",
    choices={
        "variant": VARIANTS,
        "shortcut_norms": SHORTCUT_NORMS,
        "width": WIDTHS,
        "formulation": FORMULATIONS,
    },
    layouts=(
        PYTORCHVIDEO.of(shortcut_norms="widening"),
        SLOWFAST.of(shortcut_norms="all"),
        MMACTION2.of(shortcut_norms="all"),
    ),
)
def x3d(
    *,
    num_classes: int,
    frames: int,
    variant: str = "m",
    shortcut_norms: str = "widening",
    width: float = 1.0,
    formulation: str = "efficient",
) -> X3D:
    """A narrow ResNet of depthwise 3x3x3 convolutions; xs, s and m differ only in their clips.

    The first shortcut has a batch norm with `shortcut_norms="all"`, as in SlowFast and MMAction2.
    """
    return X3D(
        VARIANTS[variant],
        shortcut_norms,
        num_classes=num_classes,
        frames=frames,
        width=width,
        formulation=formulation,
    )
