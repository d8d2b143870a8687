"""Recurrent networks and attention."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.bench.instruments.memory.zoo.parts import EMBED, WIDTH, linear, network, tokens

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
