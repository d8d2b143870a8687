"""Networks as MMAction2 builds them, where ours follow their authors instead."""

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn

import models
from models.chain import Chain
from models.norm import BatchNorm3d, set_eps
from models.r2plus1d import space_first
from models.resnet import BlockParts, Layers
from models.resnet3d import (
    ALL_STRIDES,
    HALVE_SPACE,
    UNIT,
    Design,
    ResNet3D,
    Triple,
    convolution3d,
    normed,
)


class SlowFast(nn.Module):
    """A SlowFast network whose lateral convolutions have neither norms nor ReLUs.

    Each pathway sees a copy of its frames.
    """

    def __init__(self, sampling: str, *, num_classes: int, frames: int) -> None:
        super().__init__()
        network: Any = models.create_model(
            "slowfast", num_classes=num_classes, frames=frames, sampling=sampling
        )
        for lateral in network.laterals:
            del lateral.bn1, lateral.relu
        self.network = network

    def forward(self, clip: Tensor) -> Tensor:
        return self.network(clip.clone())


def factored(kernel: Triple, inputs: int, outputs: int, stride: Triple) -> list[nn.Module]:
    """A convolution in space and one in time with as many weights as one of `kernel`."""
    span, height, width = kernel
    area, (time, *space) = height * width, stride
    between = 3 * area * inputs * outputs // (area * inputs + 3 * outputs)
    return [
        convolution3d((1, height, width), inputs, between, (1, space[0], space[1])),
        BatchNorm3d(between),
        nn.ReLU(inplace=True),
        convolution3d((span, 1, 1), between, outputs, (time, 1, 1)),
        BatchNorm3d(outputs),
    ]


def factored_shortcut(number: int, inputs: int, outputs: int, stride: Triple) -> Layers:
    """The shortcut of a block: it is factored as if its kernel were longer than one frame."""
    return dict(zip("abcde", factored(UNIT, inputs, outputs, stride), strict=True))


def factored_stem(channels: int) -> Chain:
    """A stem with other inner channels than the authors', and a max-pool."""
    layers = factored((3, 7, 7), 3, channels, HALVE_SPACE)
    pool = nn.MaxPool3d((1, 3, 3), stride=HALVE_SPACE, padding=(0, 1, 1))
    return Chain(OrderedDict(zip("abcdefg", (*layers, nn.ReLU(inplace=True), pool), strict=True)))


def r2plus1d_34(*, num_classes: int, frames: int) -> ResNet3D:
    """An R(2+1)D-34 with a max-pool in its stem and factored shortcuts."""
    parts = BlockParts(normed(UNIT), space_first, factored_shortcut, UNIT)
    network = ResNet3D(
        34,
        Design(factored_stem, lambda stage, block: parts, ALL_STRIDES),
        num_classes=num_classes,
        frames=frames,
        width=1.0,
        formulation="published",
    )
    set_eps(network, 1e-3)
    return network


class Swish(nn.Module):
    """x * sigmoid(x) by two operators: a training step keeps both factors."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)


def x3d_m(*, num_classes: int, frames: int) -> nn.Module:
    """An X3D-M with a swish of two operators."""
    network = models.create_model(
        "x3d",
        num_classes=num_classes,
        frames=frames,
        shortcut_norms="all",
        formulation="published",
    )
    for name, module in [*network.named_modules()]:
        if isinstance(module, nn.SiLU):
            network.set_submodule(name, Swish())
    return network
