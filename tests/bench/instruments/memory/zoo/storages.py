"""Networks that keep, recompute or overwrite tensors, and use views and complex numbers."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

from tests.bench.instruments.memory.zoo.parts import (
    EMBED,
    SHAPE,
    WIDTH,
    conv2d,
    frames,
    linear,
    network,
    over_clip,
    tokens,
)

# Kept and recomputed


def block() -> nn.Module:
    return nn.Sequential(linear(WIDTH, 256)(), nn.GELU(), linear(256)())


@network(embed=EMBED, a=block, b=block)
def checkpointed(net: Any, clip: Tensor) -> Tensor:
    x = net.embed(tokens(clip))
    return checkpoint(net.b, checkpoint(net.a, x, use_reentrant=False), use_reentrant=False).mean(1)


@network(embed=EMBED, a=block, b=block)
def checkpointed_reentrantly(net: Any, clip: Tensor) -> Tensor:
    x = net.embed(tokens(clip))
    return checkpoint(net.b, checkpoint(net.a, x, use_reentrant=True), use_reentrant=True).mean(1)


@network(embed=EMBED, a=linear())
def tied(net: Any, clip: Tensor) -> Tensor:
    x = net.embed(tokens(clip))
    return F.linear(torch.tanh(net.a(torch.tanh(net.a(x)))), net.a.weight.t()).mean(1)


@network(embed=EMBED, a=linear(), unused=linear(WIDTH, 4096))
def unused_parameters(net: Any, clip: Tensor) -> Tensor:
    return net.a(net.embed(tokens(clip))).mean(1)


@network(embed=lambda: EMBED().requires_grad_(False), a=linear())
def frozen(net: Any, clip: Tensor) -> Tensor:
    return net.a(F.relu(net.embed(tokens(clip)))).mean(1)


@network(embed=EMBED, a=linear())
def detached(net: Any, clip: Tensor) -> Tensor:
    with torch.no_grad():
        x = net.embed(tokens(clip)).sigmoid()
    return (net.a(x) + x.detach()).mean(1)


@network(a=conv2d)
def made_in_forward(net: Any, clip: Tensor) -> Tensor:
    x = net.a(frames(clip))
    mask = torch.ones_like(x).tril()
    return over_clip(x * mask + torch.linspace(0, 1, x.shape[-1], device=x.device))


class Attribute(nn.Module):
    """Keeps a tensor that is neither a parameter nor a buffer, and a buffer."""

    shift: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.ones(512, WIDTH)
        self.register_buffer("shift", torch.zeros(512, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.shift


@network(embed=EMBED, a=Attribute)
def plain_attribute(net: Any, clip: Tensor) -> Tensor:
    return net.a(net.embed(tokens(clip))).mean(1)


@network(embed=EMBED, a=lambda: parametrizations.weight_norm(nn.Linear(WIDTH, 512)))
def weight_norm(net: Any, clip: Tensor) -> Tensor:
    return net.a(net.embed(tokens(clip))).unflatten(-1, (WIDTH, -1)).mean((1, 3))


# In place, views and complex numbers


@network(a=conv2d)
def in_place(net: Any, clip: Tensor) -> Tensor:
    x = net.a(frames(clip)).mul_(2).add_(1).relu_()
    y = x * 0.5
    y[:, ::2] += 1
    return over_clip(y.neg_().sigmoid_())


@network(embed=EMBED)
def sliced(net: Any, clip: Tensor) -> Tensor:
    x = net.embed(tokens(clip))
    return (x[:, 1:] - x[:, :-1]).mean(1) + x[:, ::2].flip(1).mean(1)


@network(a=conv2d)
def padded(net: Any, clip: Tensor) -> Tensor:
    x = F.pad(net.a(frames(clip)), (2, 2, 2, 2))
    return over_clip(F.pad(x, (1, 1, 1, 1), mode="reflect"))


@network(a=conv2d)
def shifted(net: Any, clip: Tensor) -> Tensor:
    x = net.a(frames(clip)).unflatten(0, (-1, SHAPE[2]))  # N x T x C x H x W
    out = torch.zeros_like(x)
    out[:, :-1, :8] = x[:, 1:, :8]
    out[:, 1:, 8:16] = x[:, :-1, 8:16]
    out[:, :, 16:] = x[:, :, 16:]
    return over_clip(out.flatten(0, 1))


@network(embed=EMBED)
def rolled(net: Any, clip: Tensor) -> Tensor:
    x = net.embed(tokens(clip)).unflatten(1, (8, 64))
    return torch.roll(x, (1, 3), (1, 2)).contiguous().mean((1, 2))


@network(embed=EMBED)
def gathered(net: Any, clip: Tensor) -> Tensor:
    x = net.embed(tokens(clip))
    order = x.argsort(1)
    best, _ = x.topk(64, 1)
    return x.gather(1, order).mean(1) + best.mean(1) + x.scatter_add(1, order, x).mean(1)


@network(embed=EMBED)
def masked(net: Any, clip: Tensor) -> Tensor:
    x = net.embed(tokens(clip))
    x = torch.where(x > 0, x, x.exp() - 1).masked_fill(x > 2, 2.0)
    return x.cumsum(1).amax(1)


@network(WIDTH, embed=EMBED)
def spectrum(net: Any, clip: Tensor) -> Tensor:
    x = net.embed(tokens(clip))
    return torch.fft.irfft2(torch.fft.rfft2(x) * 0.5, s=x.shape[1:]).mean(1)


class ComplexWeight(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(WIDTH, WIDTH, dtype=torch.cfloat))

    def forward(self, x: Tensor) -> Tensor:
        return (x.to(torch.cfloat) @ self.weight).abs()


@network(embed=EMBED, a=ComplexWeight)
def complex_weight(net: Any, clip: Tensor) -> Tensor:
    return net.a(net.embed(tokens(clip))).mean(1)


@network(embed=EMBED)
def grown(net: Any, clip: Tensor) -> Tensor:
    x = net.embed(tokens(clip))
    kept = x.new_empty(0)
    with torch.no_grad():
        torch.cat((x, x), 1, out=kept)
    return x.mean(1) + kept.mean(1)


class Doubling(torch.autograd.Function):
    """Keeps more than it needs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x, x * 2)
        return x * 2

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        _, doubled = ctx.saved_tensors
        return grad * 2 + doubled * 0


@network(embed=EMBED)
def own_function(net: Any, clip: Tensor) -> Tensor:
    return Doubling.apply(net.embed(tokens(clip))).mean(1)


@network(a=conv2d)
def channels_last(net: Any, clip: Tensor) -> Tensor:
    x = frames(clip).contiguous(memory_format=torch.channels_last)
    return over_clip(F.relu(net.a(x)).contiguous())
