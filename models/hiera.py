"""Hiera: a plain hierarchical vision transformer, whose early stages attend inside small units.

Source: Ryali et al., ICML 2023, as in the authors' package, without the softmax that it has in
evaluation. A unit is 8 x 8 tokens of one time step. Tokens are N x V x U x C: V units of U places.
Four neighbours, which a pool takes together, are U/4 places apart.
"""

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.attention import WEIGHTS_STD, Residual, attend
from models.chain import Chain
from models.clip import check_clip, check_size
from models.formulation import EFFICIENT, FORMULATIONS, save_memory
from models.layouts import Layout
from models.registry import TRANSFORMERS, Only, register
from models.widths import WIDTHS, scale_channels

SIZE = 224  # pixels of a frame
PATCH = (2, 4, 4)  # frames, height and width of a token
KERNEL, PADDING = (3, 7, 7), (1, 3, 3)
POOLED = 4  # places that become one between two stages
NORM_EPS = 1e-6
EXPANSION = 4  # of an MLP
BIAS = 0.02  # initial, of linear layers and norms
HEAD_SCALE = 0.001  # of the initial weights of the classifier
LOCAL = (True, True, False, False)  # stages that attend inside units


@dataclass(frozen=True)
class Variant:
    """The blocks of each stage, and the heads of the first; each stage has twice as many.

    `head_width` is the channels of a head.
    """

    blocks: tuple[int, int, int, int]
    heads: int
    head_width: int


VARIANTS = {
    "base": Variant((2, 3, 16, 3), 1, 96),
    "base_plus": Variant((2, 3, 16, 3), 2, 56),
    "large": Variant((2, 6, 36, 4), 2, 72),
    "huge": Variant((2, 6, 36, 4), 4, 64),
}
LAYOUT = Layout(
    (
        (r"^embedding\.proj\.", "patch_embed.proj."),
        (r"^embedding\.(spatial|temporal)$", r"pos_embed_\1"),
        (r"\.attention\.(branch\.)?norm\.", ".norm1."),
        (r"\.attention\.attn\.shortcut\.", ".proj."),
        (r"\.attention\.(branch\.)?attn\.(attention\.)?", ".attn."),
        (r"\.mlp\.branch\.norm\.", ".norm2."),
        (r"\.mlp\.branch\.", ".mlp."),
        (r"^head\.", "head.projection."),
    )
)


class Embedding(nn.Module):
    """A convolution to tokens, their positions, and their order by units."""

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.proj = nn.Conv3d(3, channels, KERNEL, PATCH, PADDING)
        places = (SIZE // PATCH[1]) * (SIZE // PATCH[2])
        self.spatial = nn.Parameter(torch.empty(1, places, channels))
        self.temporal = nn.Parameter(torch.empty(1, frames // PATCH[0], channels))

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x V x U x C."""
        x = self.proj(clip)  # N x C x T/2 x H/4 x W/4
        positions = self.spatial.unsqueeze(1) + self.temporal.unsqueeze(2)  # 1 x T/2 x places x C
        tokens = x.flatten(3).permute(0, 2, 3, 1) + positions
        halves = (-1, 2, 2, 2)
        split = tokens.unflatten(2, (*x.shape[3:],)).unflatten(3, halves).unflatten(2, halves)
        # N x T/2 x (H/32 x 2 x 2 x 2) x (W/32 x 2 x 2 x 2) x C, the nearest neighbours last
        ordered = split.permute(0, 1, 2, 6, 5, 9, 4, 8, 3, 7, 10)
        return ordered.flatten(4, 9).flatten(1, 3)


def pool(x: Tensor) -> Tensor:
    """Map N x V x U x ... to N x V x U/4 x ...: the maximum of each four neighbours."""
    return x.unflatten(2, (POOLED, -1)).amax(dim=2)


class Attention(nn.Module):
    """Attention of N x V x U x inputs; if it `pools`, there is a query for every four neighbours.

    If it is `local`, a token attends to those of its unit, else to all of the clip.
    """

    def __init__(
        self, inputs: int, channels: int, heads: int, *, local: bool, stores_weights: bool
    ) -> None:
        super().__init__()
        self.heads, self.local, self.stores_weights = heads, local, stores_weights
        self.pools = inputs != channels
        self.qkv = nn.Linear(inputs, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map N x V x U x inputs to N x V x U' x channels."""
        parts = self.qkv(tokens).unflatten(3, (3, self.heads, -1))  # N x V x U x 3 x heads x D
        query, key, value = parts.unbind(dim=3)
        query = pool(query) if self.pools else query
        size = query.shape[:3]
        query, key, value = (self._gather(x) for x in (query, key, value))
        found = attend(query, key, value, stores_weights=self.stores_weights)
        return self.proj(found.transpose(1, 2).flatten(2)).view(*size, -1)

    def _gather(self, x: Tensor) -> Tensor:
        """Map N x V x U x heads x D to (N*V) x heads x U x D, or to N x heads x (V*U) x D."""
        tokens = x.flatten(0, 1) if self.local else x.flatten(1, 2)
        return tokens.transpose(1, 2)


class PooledAttention(nn.Module):
    """Attention that pools, beside a shortcut that does, too: both map the normed tokens."""

    def __init__(self, attention: Attention, inputs: int, channels: int) -> None:
        super().__init__()
        self.shortcut = nn.Linear(inputs, channels)
        self.attention = attention

    def forward(self, normed: Tensor) -> Tensor:
        """Map N x V x U x inputs to N x V x U/4 x channels."""
        return pool(self.shortcut(normed)) + self.attention(normed)


def build_block(attention: Attention, inputs: int, channels: int) -> Chain:
    """Normed attention with its shortcut, then a residual MLP."""
    norm = nn.LayerNorm(inputs, NORM_EPS)
    attends: nn.Module = Residual(norm=norm, attn=attention)
    if attention.pools:
        pooled = PooledAttention(attention, inputs, channels)
        attends = Chain(OrderedDict(norm=norm, attn=pooled))
    mlp = Residual(
        norm=nn.LayerNorm(channels, NORM_EPS),
        fc1=nn.Linear(channels, EXPANSION * channels),
        gelu=nn.GELU(),
        fc2=nn.Linear(EXPANSION * channels, channels),
    )
    return Chain(OrderedDict(attention=attends, mlp=mlp))


class Hiera(nn.Module):
    """A Hiera over clips of `frames`."""

    def __init__(
        self, variant: Variant, *, num_classes: int, frames: int, width: float, formulation: str
    ) -> None:
        super().__init__()
        self.frames = frames
        head_width = scale_channels(variant.head_width, width)
        heads, inputs = variant.heads, variant.heads * head_width
        self.embedding = Embedding(inputs, frames)
        self.blocks = Chain()
        for stage, count in enumerate(variant.blocks):
            channels = heads * head_width
            for number in range(count):
                # The first block of a stage pools, and attends as the stage before.
                local = LOCAL[stage if number else max(stage - 1, 0)]
                attention = Attention(
                    inputs, channels, heads, local=local, stores_weights=formulation != EFFICIENT
                )
                self.blocks.append(build_block(attention, inputs, channels))
                inputs = channels
            heads *= 2
        self.norm = nn.LayerNorm(inputs, NORM_EPS)
        self.head = nn.Linear(inputs, num_classes)
        self._initialise()
        if formulation == EFFICIENT:
            save_memory(self)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        check_size(clip, SIZE)
        tokens = self.blocks([self.embedding(clip)])  # N x (T/2 * H/32 * W/32) x 1 x C
        return self.head(self.norm(tokens.mean(dim=(1, 2))))

    def _initialise(self) -> None:
        for position in (self.embedding.spatial, self.embedding.temporal):
            nn.init.trunc_normal_(position, std=WEIGHTS_STD)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Conv3d):
                nn.init.trunc_normal_(module.weight, std=WEIGHTS_STD)
            if isinstance(module, nn.Linear | nn.LayerNorm):
                nn.init.constant_(module.bias, BIAS)
        with torch.no_grad():
            self.head.weight.mul_(HEAD_SCALE)
            self.head.bias.mul_(HEAD_SCALE)


@register(
    group=TRANSFORMERS,
    source="Ryali et al., Hiera, ICML 2023",
    frame_multiple=PATCH[0],
    smallest_clip=(4, SIZE),
    only=Only(sizes=dict.fromkeys(VARIANTS, SIZE)),
    choices={"variant": VARIANTS, "width": WIDTHS, "formulation": FORMULATIONS},
    layouts=(LAYOUT,),
    classifier="head",
)
def hiera(
    *,
    num_classes: int,
    frames: int,
    variant: str = "base",
    width: float = 1.0,
    formulation: str = "efficient",
) -> Hiera:
    """A hierarchical transformer that attends inside small units, then to the whole clip."""
    return Hiera(
        VARIANTS[variant],
        num_classes=num_classes,
        frames=frames,
        width=width,
        formulation=formulation,
    )
