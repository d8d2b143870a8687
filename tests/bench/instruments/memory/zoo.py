"""Small networks of all kinds over a clip of `SHAPE`, N x 3 x T x H x W, with 10 classes.

Each is a function from its layers and the clip to features of N x `features`.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

SHAPE = (4, 3, 8, 32, 32)
CLASSES = 10
WIDTH = 64

Features = Callable[[Any, Tensor], Tensor]
ZOO: dict[str, Callable[[], nn.Module]] = {}


class Net(nn.Module):
    """Layers by name, features, and a classifier."""

    def __init__(self, compute: Features, features: int, layers: dict[str, nn.Module]) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.head = nn.Linear(features, CLASSES)
        self._compute = compute

    def forward(self, clip: Tensor) -> Tensor:
        return self.head(self._compute(self, clip))


def network(features: int = WIDTH, **layers: Callable[[], nn.Module]) -> Callable[[Features], None]:
    """Enter the decorated function into the zoo, with what builds its layers."""

    def enter(compute: Features) -> None:
        name = compute.__name__
        assert name not in ZOO
        ZOO[name] = lambda: Net(compute, features, {key: make() for key, make in layers.items()})

    return enter


def linear(inputs: int = WIDTH, outputs: int = WIDTH) -> Callable[[], nn.Module]:
    return lambda: nn.Linear(inputs, outputs)


def frames(clip: Tensor) -> Tensor:
    return clip.transpose(1, 2).flatten(0, 1)  # N T x 3 x H x W


def tokens(clip: Tensor) -> Tensor:
    n, c, t, h, w = clip.shape
    patches = clip.reshape(n, c, t, h // 4, 4, w // 4, 4).permute(0, 2, 3, 5, 1, 4, 6)
    return patches.reshape(n, t * h * w // 16, 16 * c)  # N x 512 x 48


def over_clip(x: Tensor) -> Tensor:
    return x.mean((2, 3)).unflatten(0, (SHAPE[0], -1)).mean(1)  # N T x C x H x W -> N x C


def conv2d() -> nn.Module:
    return nn.Conv2d(3, WIDTH, 3, padding=1)


def conv3d() -> nn.Module:
    return nn.Conv3d(3, WIDTH, 3, padding=1)


EMBED = linear(48)


# Plain


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


# Recurrent


@network(embed=EMBED, r=lambda: nn.LSTM(WIDTH, WIDTH, 2, batch_first=True))
def lstm(net: Any, clip: Tensor) -> Tensor:
    return net.r(net.embed(tokens(clip)))[0].mean(1)


@network(2 * WIDTH, embed=EMBED, r=lambda: nn.LSTM(WIDTH, WIDTH, bidirectional=True))
def lstm_both_ways(net: Any, clip: Tensor) -> Tensor:
    return net.r(net.embed(tokens(clip)).transpose(0, 1))[0].mean(0)


@network(embed=EMBED, r=lambda: nn.GRU(WIDTH, WIDTH, 2, batch_first=True, dropout=0.1))
def gru(net: Any, clip: Tensor) -> Tensor:
    return net.r(net.embed(tokens(clip)))[0].mean(1)


@network(embed=EMBED, r=lambda: nn.RNN(WIDTH, WIDTH, batch_first=True))
def elman(net: Any, clip: Tensor) -> Tensor:
    return net.r(net.embed(tokens(clip)))[0][:, -1]


@network(embed=EMBED, r=lambda: nn.LSTMCell(WIDTH, WIDTH))
def lstm_by_steps(net: Any, clip: Tensor) -> Tensor:
    x = net.embed(tokens(clip))
    state = None
    for step in x[:, ::16].unbind(1):
        state = net.r(step, state)
    return state[0]  # type: ignore[index]


@network(embed=EMBED, r=lambda: nn.GRUCell(WIDTH, WIDTH))
def gru_by_steps(net: Any, clip: Tensor) -> Tensor:
    state = None
    for step in net.embed(tokens(clip))[:, ::16].unbind(1):
        state = net.r(step, state)
    return state  # type: ignore[return-value]


# Attention


@network(embed=EMBED, qkv=linear(WIDTH, 3 * WIDTH))
def attention_by_hand(net: Any, clip: Tensor) -> Tensor:
    q, k, v = net.qkv(net.embed(tokens(clip))).chunk(3, -1)
    return ((q @ k.transpose(1, 2) / 8).softmax(-1) @ v).mean(1)


@network(embed=EMBED, qkv=linear(WIDTH, 3 * WIDTH))
def attention(net: Any, clip: Tensor) -> Tensor:
    heads = net.qkv(net.embed(tokens(clip))).unflatten(-1, (3, 4, -1)).permute(2, 0, 3, 1, 4)
    return F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2).mean(1)


@network(embed=EMBED, a=lambda: nn.MultiheadAttention(WIDTH, 4, batch_first=True))
def attention_module(net: Any, clip: Tensor) -> Tensor:
    x = net.embed(tokens(clip))
    return net.a(x, x, x, need_weights=False)[0].mean(1)


@network(
    embed=EMBED,
    a=lambda: nn.TransformerEncoderLayer(WIDTH, 4, 2 * WIDTH, batch_first=True, norm_first=True),
)
def transformer(net: Any, clip: Tensor) -> Tensor:
    return net.a(net.embed(tokens(clip))).mean(1)


@network(embed=EMBED, n=lambda: nn.LayerNorm(WIDTH), up=linear(WIDTH, 256), down=linear(256))
def gated(net: Any, clip: Tensor) -> Tensor:
    x = net.embed(tokens(clip))
    return (x + net.down(F.silu(net.up(net.n(x))))).mean(1)


@network(embed=EMBED, table=lambda: nn.Embedding(512, WIDTH))
def positions(net: Any, clip: Tensor) -> Tensor:
    x = net.embed(tokens(clip))
    return F.dropout(x + net.table(torch.arange(512, device=x.device)), 0.2, net.training).mean(1)


@network(embed=EMBED)
def einsums(net: Any, clip: Tensor) -> Tensor:
    x = net.embed(tokens(clip))
    return torch.einsum("nlc,nld->ncd", x, torch.einsum("nlc,nmc->nlm", x, x)[..., :WIDTH]).mean(2)


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
