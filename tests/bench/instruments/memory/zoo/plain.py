"""Networks of layers that keep nothing."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.bench.instruments.memory.zoo.parts import (
    WIDTH,
    conv2d,
    conv3d,
    frames,
    linear,
    network,
    over_clip,
    tokens,
)


@network(a=lambda: nn.Linear(48 * 512, WIDTH), b=linear())
def perceptron(net: Any, clip: Tensor) -> Tensor:
    return F.gelu(net.b(F.gelu(net.a(tokens(clip).flatten(1)))))


@network(a=conv2d, b=lambda: nn.Conv2d(WIDTH, WIDTH, 3, padding=1))
def convolutions_2d(net: Any, clip: Tensor) -> Tensor:
    return over_clip(F.relu(net.b(F.relu(net.a(frames(clip))))))


@network(a=conv3d, b=lambda: nn.Conv3d(WIDTH, WIDTH, 3, padding=1))
def convolutions_3d(net: Any, clip: Tensor) -> Tensor:
    return F.relu(net.b(F.relu(net.a(clip)))).mean((2, 3, 4))


@network(a=conv2d, b=lambda: nn.Conv2d(WIDTH, WIDTH, 3, padding=1, groups=WIDTH))
def depthwise(net: Any, clip: Tensor) -> Tensor:
    return over_clip(net.b(net.a(frames(clip))))


@network(a=conv2d, b=lambda: nn.ConvTranspose2d(WIDTH, WIDTH, 2, stride=2))
def transposed(net: Any, clip: Tensor) -> Tensor:
    return over_clip(net.b(net.a(frames(clip))))


@network(
    a=conv2d,
    n=lambda: nn.BatchNorm2d(WIDTH),
    b=lambda: nn.Conv2d(WIDTH, WIDTH, 1),
    m=lambda: nn.BatchNorm2d(WIDTH),
)
def residual(net: Any, clip: Tensor) -> Tensor:
    x = F.relu(net.n(net.a(frames(clip))), inplace=True)
    return over_clip(F.relu(net.m(net.b(x)) + x, inplace=True))


@network(a=conv3d, n=lambda: nn.BatchNorm3d(WIDTH), b=lambda: nn.Conv3d(WIDTH, WIDTH, 1))
def residual_3d(net: Any, clip: Tensor) -> Tensor:
    x = F.relu(net.n(net.a(clip)), inplace=True)
    return (net.b(x) + x).mean((2, 3, 4))


@network(a=conv2d, n=lambda: nn.GroupNorm(8, WIDTH), m=lambda: nn.InstanceNorm2d(WIDTH))
def other_norms(net: Any, clip: Tensor) -> Tensor:
    return over_clip(net.m(net.n(net.a(frames(clip)))))


@network(a=conv2d, down=lambda: nn.Linear(WIDTH, 8), up=lambda: nn.Linear(8, WIDTH))
def squeeze_and_excite(net: Any, clip: Tensor) -> Tensor:
    x = net.a(frames(clip))
    gate = torch.sigmoid(net.up(F.silu(net.down(x.mean((2, 3))))))
    return over_clip(x * gate[:, :, None, None])


@network(2 * WIDTH, a=conv2d, b=lambda: nn.Conv2d(WIDTH, WIDTH, 1))
def dense(net: Any, clip: Tensor) -> Tensor:
    x = net.a(frames(clip))
    return over_clip(torch.cat((x, net.b(x)), 1))


@network(2 * WIDTH, a=conv2d)
def pools(net: Any, clip: Tensor) -> Tensor:
    x = net.a(frames(clip))
    x = torch.cat((F.max_pool2d(x, 3, 2, 1), F.avg_pool2d(x, 3, 2, 1)), 1)
    return over_clip(F.adaptive_avg_pool2d(F.adaptive_max_pool2d(x, 8), 2))


@network(a=conv3d)
def pools_3d(net: Any, clip: Tensor) -> Tensor:
    return F.avg_pool3d(F.max_pool3d(net.a(clip), 2), 2).mean((2, 3, 4))


@network(a=conv2d)
def resized(net: Any, clip: Tensor) -> Tensor:
    x = net.a(frames(clip))
    x = F.interpolate(x, scale_factor=2, mode="bilinear")
    return over_clip(F.interpolate(x, size=(16, 16), mode="nearest"))


@network(WIDTH // 4, a=conv2d)
def shuffled(net: Any, clip: Tensor) -> Tensor:
    return over_clip(F.pixel_shuffle(net.a(frames(clip)), 2))
