"""The video transformers of MMAction2, computed from the weights of their files."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

Weights = Mapping[str, Tensor]
Shapes = dict[str, tuple[int, ...]]

PATCHES = 196  # of a frame of 224 x 224 pixels


def layer(name: str, outputs: int, *inputs: int) -> Shapes:
    """A layer's weight and bias; a norm has no inputs."""
    return {f"{name}.weight": (outputs, *inputs), f"{name}.bias": (outputs,)}


def videomae_shapes(width: int, blocks: int, frames: int, classes: int) -> Shapes:
    """Every weight of a VideoMAE, and the table of positions that its files may hold."""
    shapes = {
        "backbone.pos_embed": (1, PATCHES * frames // 2, width),
        **layer("backbone.patch_embed.projection", width, 3, 2, 16, 16),
    }
    for block in range(blocks):
        name = f"backbone.blocks.{block}"
        shapes |= layer(f"{name}.norm1", width)
        shapes |= {f"{name}.attn.{part}_bias": (width,) for part in "qv"}
        shapes |= {f"{name}.attn.qkv.weight": (3 * width, width)}
        shapes |= layer(f"{name}.attn.proj", width, width) | layer(f"{name}.norm2", width)
        shapes |= layer(f"{name}.mlp.layers.0.0", 4 * width, width)
        shapes |= layer(f"{name}.mlp.layers.1", width, 4 * width)
    return shapes | layer("backbone.fc_norm", width) | layer("cls_head.fc_cls", classes, width)


def timesformer_shapes(width: int, blocks: int, frames: int, classes: int) -> Shapes:
    """Every weight of a TimeSformer with divided attention."""
    shapes = {
        "backbone.cls_token": (1, 1, width),
        "backbone.pos_embed": (1, PATCHES + 1, width),
        "backbone.time_embed": (1, frames, width),
        **layer("backbone.patch_embed.projection", width, 3, 16, 16),
        **layer("backbone.norm", width),
    }
    for block in range(blocks):
        name = f"backbone.transformer_layers.layers.{block}"
        for number in range(2):
            attention = f"{name}.attentions.{number}"
            shapes |= layer(f"{attention}.norm", width)
            shapes |= {
                f"{attention}.attn.in_proj_weight": (3 * width, width),
                f"{attention}.attn.in_proj_bias": (3 * width,),
            }
            shapes |= layer(f"{attention}.attn.out_proj", width, width)
        shapes |= layer(f"{name}.attentions.0.temporal_fc", width, width)
        shapes |= layer(f"{name}.ffns.0.layers.0.0", 4 * width, width)
        shapes |= layer(f"{name}.ffns.0.layers.1", width, 4 * width)
        shapes |= layer(f"{name}.ffns.0.norm", width)
    return shapes | layer("cls_head.fc_cls", classes, width)


def positions(count: int, width: int) -> Tensor:
    """Sines and cosines of positions, 1 x count x width, as fp32."""
    channels = torch.arange(width, dtype=torch.float64)
    frequencies = 10000 ** -((channels - channels % 2) / width)
    angles = torch.arange(count)[:, None] * frequencies
    return torch.where(channels % 2 == 0, angles.sin(), angles.cos()).float()[None]


def attend(qkv: Tensor, heads: int) -> Tensor:
    """Attention of B x N x 3C, with the queries first, then the keys, then the values."""
    batch, count, width = qkv.shape
    parts = qkv.view(batch, count, 3, heads, width // 3 // heads).permute(2, 0, 3, 1, 4)
    query, key, value = parts
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
    return (scores.softmax(dim=-1) @ value).transpose(1, 2).reshape(batch, count, width // 3)


class Network:
    """Layers by their names in a file; `eps` of a norm by the end of its name."""

    def __init__(self, weights: Weights, heads: int, eps: Mapping[str, float]) -> None:
        self.weights, self.heads, self.eps = weights, heads, eps

    def linear(self, name: str, x: Tensor) -> Tensor:
        return functional.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def norm(self, name: str, x: Tensor) -> Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return functional.layer_norm(
            x, x.shape[-1:], weight, bias, self.eps[name.rpartition(".")[2]]
        )

    def mlp(self, name: str, x: Tensor) -> Tensor:
        return self.linear(f"{name}.1", functional.gelu(self.linear(f"{name}.0.0", x)))


def videomae_logits(network: Network, clip: Tensor) -> Tensor:
    """The logits for a clip, N x 3 x T x 224 x 224."""
    weights = network.weights
    name, at = "backbone.patch_embed.projection", "backbone.blocks"
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    x = functional.conv3d(clip, weight, bias, stride=(2, 16, 16)).flatten(2).transpose(1, 2)
    x = x + positions(x.shape[1], x.shape[2])
    block = 0
    while f"{at}.{block}.attn.q_bias" in weights:
        one = f"{at}.{block}"
        query, value = (weights[f"{one}.attn.{part}_bias"] for part in "qv")
        bias = torch.cat((query, torch.zeros_like(query), value))
        qkv = functional.linear(
            network.norm(f"{one}.norm1", x), weights[f"{one}.attn.qkv.weight"], bias
        )
        x = x + network.linear(f"{one}.attn.proj", attend(qkv, network.heads))
        x = x + network.mlp(f"{one}.mlp.layers", network.norm(f"{one}.norm2", x))
        block += 1
    return network.linear("cls_head.fc_cls", network.norm("backbone.fc_norm", x.mean(1)))


def timesformer_logits(network: Network, clip: Tensor) -> Tensor:
    """The logits for one clip, 1 x 3 x T x 224 x 224."""
    weights = network.weights
    name, at = "backbone.patch_embed.projection", "backbone.transformer_layers.layers"
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    pictures = clip[0].transpose(0, 1)  # T x 3 x 224 x 224
    patches = functional.conv2d(pictures, weight, bias, stride=16).flatten(2).transpose(1, 2)
    place = weights["backbone.pos_embed"][0]
    token = weights["backbone.cls_token"][0] + place[:1]  # 1 x C
    x = (patches + place[1:]).transpose(0, 1) + weights["backbone.time_embed"]  # P x T x C
    block = 0
    while f"{at}.{block}.ffns.0.norm.weight" in weights:
        in_time, in_space, ffn = (
            f"{at}.{block}.{part}" for part in ("attentions.0", "attentions.1", "ffns.0")
        )
        x = x + network.linear(f"{in_time}.temporal_fc", _attention(network, in_time, x))
        frames = torch.cat((token.expand(x.shape[1], 1, -1), x.transpose(0, 1)), dim=1)
        change = _attention(network, in_space, frames)  # T x (1 + P) x C
        token = token + change[:, 0].mean(0, keepdim=True)
        x = x + change[:, 1:].transpose(0, 1)
        token = token + network.mlp(f"{ffn}.layers", network.norm(f"{ffn}.norm", token))
        x = x + network.mlp(f"{ffn}.layers", network.norm(f"{ffn}.norm", x))
        block += 1
    return network.linear("cls_head.fc_cls", network.norm("backbone.norm", token))


def _attention(network: Network, name: str, x: Tensor) -> Tensor:
    """The attention of a block, behind its norm, over the second axis."""
    weights = network.weights
    qkv = functional.linear(
        network.norm(f"{name}.norm", x),
        weights[f"{name}.attn.in_proj_weight"],
        weights[f"{name}.attn.in_proj_bias"],
    )
    return network.linear(f"{name}.attn.out_proj", attend(qkv, network.heads))
