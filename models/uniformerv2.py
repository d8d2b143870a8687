"""UniFormerV2: CLIP's vision transformer over frames, and a query that attends to the whole clip.

Source: Li et al., ICCV 2023, as in the authors' repository. A frame has a class token and H x W
patches; tokens are (N*T) x (1 + H*W) x C. There are two designs. For data about scenes, such as
Kinetics, frames meet in global blocks alone, which update the query. For data about motion, such as
Something-Something, convolutions along time mix the patches in every block, too.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor, nn

from models.attention import WEIGHTS_STD, Attention, Residual, StochasticDepth, attend
from models.chain import Chain
from models.clip import check_clip, check_size, unfold_frames
from models.formulation import EFFICIENT, FORMULATIONS, save_memory
from models.layouts import FILE_CLASSIFIER, Layout, Rule
from models.registry import TRANSFORMERS, Only, register
from models.transformer_layouts import MMACTION2_HEAD
from models.widths import WIDTHS, scale_channels

HEAD_WIDTH = 64  # channels of a head
EXPANSION = 4  # of an MLP
REDUCTION = 1.5  # of the channels that are convolved along time
DROPOUT = 0.5  # in global blocks and before the classifier
SCENE, MOTION = "scene", "motion"
# The share of frames that the last block drops in training (the authors' code draws tokens), and of
# clips that the last global block drops (theirs draws whole batches).
DROPPED = {SCENE: 0.0, MOTION: 0.2}
DROPPED_QUERIES = {SCENE: 0.0, MOTION: 0.4}


@dataclass(frozen=True)
class Variant:
    """Frames of `size` x `size` pixels in patches of `patch` x `patch`, blocks, and their heads.

    `read` is how many of the last blocks have a global block behind them, by design.
    """

    size: int
    patch: int
    blocks: int
    heads: int
    read: Mapping[str, int]


VARIANTS = {
    "base": Variant(size=224, patch=16, blocks=12, heads=12, read={SCENE: 4, MOTION: 8}),
    "large": Variant(size=224, patch=14, blocks=24, heads=16, read={SCENE: 4, MOTION: 16}),
    "large_336": Variant(size=336, patch=14, blocks=24, heads=16, read={SCENE: 4, MOTION: 16}),
}

_BACKBONE: tuple[Rule, ...] = (
    (r"^embedding\.conv\.", "conv1."),
    (r"^embedding\.class_token$", "class_embedding"),
    (r"^embedding\.positions$", "positional_embedding"),
    (r"^embedding\.norm\.", "ln_pre."),
    (r"\.local(\d)\.layer\.branch\.norm\.", r".lmhra\1.pos_embed.0."),
    (r"\.local(\d)\.layer\.branch\.conv(\d)\.", r".lmhra\1.pos_embed.\2."),
    (r"\.attention\.branch\.norm\.", ".ln_1."),
    (r"\.attention\.branch\.attn\.qkv\.", ".attn.in_proj_"),
    (r"\.attention\.branch\.attn\.proj\.", ".attn.out_proj."),
    (r"\.mlp\.branch\.norm\.", ".ln_2."),
    (r"\.mlp\.branch\.fc1\.", ".mlp.c_fc."),
    (r"\.mlp\.branch\.fc2\.", ".mlp.c_proj."),
    (r"^blocks\.", "transformer.resblocks."),
    (r"^global_blocks\.(\d+)\.positions\.layer\.branch\.conv\.", r"transformer.dpe.\1."),
    (r"\.attention\.norm\.", ".ln_1."),
    (r"\.attention\.token_norm\.", ".ln_3."),
    (r"\.attention\.query\.(\w+)$", r".attn.in_proj_\1 [0/3]"),
    (
        r"(.*)\.attention\.key_value\.(\w+)$",
        r"\1.attn.in_proj_\2 [1/3] + \1.attn.in_proj_\2 [2/3]",
    ),
    (r"\.attention\.proj\.", ".attn.out_proj."),
    (r"global_blocks\.", "transformer.dec."),  # twice in an expression
    (r"^query$", "transformer.temporal_cls_token"),
    (r"^balance$", "transformer.balance"),
)
_HEAD: tuple[Rule, ...] = ((r"^norm\.", "transformer.proj.0."), (r"^head\.", "transformer.proj.2."))
_MMACTION2_HEAD: tuple[Rule, ...] = (
    (r"^norm\.", "transformer.norm."),
    (r"^head\.", FILE_CLASSIFIER),
)
LAYOUTS = (
    Layout((*_BACKBONE, *_HEAD)),
    Layout((*_BACKBONE, *_HEAD), body="backbone."),  # inside the module of the authors' trainer
    Layout((*_BACKBONE, *_MMACTION2_HEAD), body="backbone.", classifier=MMACTION2_HEAD),
)


class QuickGELU(nn.Module):
    """CLIP's approximation of GELU."""

    def forward(self, x: Tensor) -> Tensor:
        """Map a tensor to its shape."""
        return x * torch.sigmoid(1.702 * x)


@dataclass(frozen=True)
class Sizes:
    """What all blocks of a network share; `frames` are those behind the embedding."""

    frames: int
    channels: int
    heads: int
    stores_weights: bool


def build_mlp(channels: int, rate: float, dropout: float = 0.0) -> Residual:
    """A residual MLP, which a share `rate` of its inputs skip in training."""
    return Residual(
        rate,
        norm=nn.LayerNorm(channels),
        fc1=nn.Linear(channels, EXPANSION * channels),
        gelu=QuickGELU(),
        dropout=nn.Dropout(dropout),
        fc2=nn.Linear(EXPANSION * channels, channels),
    )


class OverPatches(nn.Module):
    """A layer over the patches of a clip; class tokens pass it by."""

    def __init__(self, frames: int, layer: nn.Module) -> None:
        super().__init__()
        self.frames, self.layer = frames, layer

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (N*T) x (1 + H*W) x C to the same shape."""
        patches = unfold_frames(tokens[:, 1:], self.frames)  # N x T x (H*W) x C
        side = isqrt(patches.shape[2])
        clip = patches.permute(0, 3, 1, 2).unflatten(3, (side, side))  # N x C x T x H x W
        mapped = self.layer(clip.contiguous()).flatten(3).permute(0, 2, 3, 1).flatten(0, 1)
        return torch.cat((tokens[:, :1], mapped), dim=1)


def build_local_block(sizes: Sizes, rate: float) -> OverPatches:
    """A residual that mixes each patch with those at its place in the frames before and after."""
    channels, reduced = sizes.channels, int(sizes.channels / REDUCTION)
    along_time = nn.Conv3d(reduced, reduced, (3, 1, 1), padding=(1, 0, 0), groups=reduced)
    last = nn.Conv3d(reduced, channels, 1)
    for parameter in last.parameters():
        nn.init.zeros_(parameter)
    mixing = Residual(
        rate,
        norm=nn.BatchNorm3d(channels),
        conv1=nn.Conv3d(channels, reduced, 1),
        conv2=along_time,
        conv3=last,
    )
    return OverPatches(sizes.frames, mixing)


def build_block(sizes: Sizes, rate: float, *, mixes_frames: bool) -> Chain:
    """Attention inside frames and an MLP; if it `mixes_frames`, each behind a local block."""
    attn = Attention(sizes.channels, sizes.heads, stores_weights=sizes.stores_weights)
    layers: dict[str, nn.Module] = {}
    if mixes_frames:
        layers["local1"] = build_local_block(sizes, rate)
    layers["attention"] = Residual(rate, norm=nn.LayerNorm(sizes.channels), attn=attn)
    if mixes_frames:
        layers["local2"] = build_local_block(sizes, rate)
    layers["mlp"] = build_mlp(sizes.channels, rate)
    return Chain(OrderedDict(layers))


class CrossAttention(nn.Module):
    """What the query of a clip finds in its tokens."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.heads, self.stores_weights = sizes.heads, sizes.stores_weights
        channels = sizes.channels
        self.norm, self.token_norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.query = nn.Linear(channels, channels)
        self.key_value = nn.Linear(channels, 2 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, query: Tensor, tokens: list[Tensor]) -> Tensor:
        """Map N x 1 x C, and N x L x C, which leaves its list, to N x 1 x C."""
        parts = self.key_value(self.token_norm(tokens.pop())).unflatten(2, (2, self.heads, -1))
        key, value = parts.permute(2, 0, 3, 1, 4)  # each N x heads x L x C/heads
        heads = self.query(self.norm(query)).unflatten(2, (self.heads, -1)).transpose(1, 2)
        found = attend(heads, key, value, stores_weights=self.stores_weights)
        return self.proj(found.transpose(1, 2).flatten(2))


class GlobalBlock(nn.Module):
    """Two residuals of the query: attention to all tokens of the clip, and an MLP."""

    def __init__(self, sizes: Sizes, rate: float) -> None:
        super().__init__()
        conv = nn.Conv3d(sizes.channels, sizes.channels, 3, padding=1, groups=sizes.channels)
        self.positions = OverPatches(sizes.frames, Residual(conv=conv))
        self.attention = CrossAttention(sizes)
        self.drop = StochasticDepth(rate)
        self.mlp = build_mlp(sizes.channels, rate, DROPOUT)

    def forward(self, query: Tensor, tokens: Tensor) -> Tensor:
        """Map N x 1 x C and (N*T) x (1 + H*W) x C to N x 1 x C."""
        placed = [self.positions(tokens).unflatten(0, (len(query), -1)).flatten(1, 2)]
        return self.mlp(query + self.drop(self.attention(query, placed)))


class Embedding(nn.Module):
    """Patches of a frame, or of three around every second one, a class token and positions."""

    def __init__(self, variant: Variant, channels: int, *, mixes_frames: bool) -> None:
        super().__init__()
        patch = (variant.patch, variant.patch)
        time, stride, padding = (3, 2, 1) if mixes_frames else (1, 1, 0)
        self.conv = nn.Conv3d(
            3, channels, (time, *patch), (stride, *patch), (padding, 0, 0), bias=False
        )
        places, scale = (variant.size // variant.patch) ** 2, channels**-0.5
        self.class_token = nn.Parameter(scale * torch.randn(channels))
        self.positions = nn.Parameter(scale * torch.randn(1 + places, channels))
        self.norm = nn.LayerNorm(channels)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to (N*T') x (1 + places) x C."""
        patches = self.conv(clip).flatten(3).permute(0, 2, 3, 1).flatten(0, 1)
        first = self.class_token.expand(len(patches), 1, -1)
        return self.norm(torch.cat((first, patches), dim=1) + self.positions)


class UniFormerV2(nn.Module):
    """A UniFormerV2 over clips of `frames`."""

    def __init__(
        self,
        variant: Variant,
        design: str,
        *,
        num_classes: int,
        frames: int,
        width: float,
        formulation: str,
    ) -> None:
        super().__init__()
        self.frames, self.size = frames, variant.size
        mixes_frames, read = design == MOTION, variant.read[design]
        channels = variant.heads * scale_channels(HEAD_WIDTH, width)
        steps = (frames + 1) // 2 if mixes_frames else frames
        self.sizes = Sizes(steps, channels, variant.heads, formulation != EFFICIENT)
        self.embedding = Embedding(variant, channels, mixes_frames=mixes_frames)
        self.blocks = nn.ModuleList(
            build_block(self.sizes, rate, mixes_frames=mixes_frames)
            for rate in ramp(DROPPED[design], variant.blocks)
        )
        self.query = nn.Parameter(torch.zeros(1, 1, channels))
        self.global_blocks = nn.ModuleList(
            GlobalBlock(self.sizes, rate) for rate in ramp(DROPPED_QUERIES[design], read)
        )
        self.balance = nn.Parameter(torch.zeros(channels))  # between the query and class tokens
        self.norm = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(channels, num_classes)
        self._initialise()
        if formulation == EFFICIENT:
            save_memory(self)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        check_size(clip, self.size)
        features = [self.embedding(clip)]  # (N*T') x (1 + places) x C, as behind every block
        query = self.query.repeat(len(clip), 1, 1)  # N x 1 x C
        unread = len(self.blocks) - len(self.global_blocks)
        for number, block in enumerate(self.blocks):
            features = [block(features)]
            if number >= unread:
                query = self.global_blocks[number - unread](query, features[0])
        classes = unfold_frames(features.pop()[:, 0], self.sizes.frames).mean(dim=1)  # N x C
        share = self.balance.sigmoid()
        fused = (1 - share) * query.squeeze(1) + share * classes
        return self.head(self.dropout(self.norm(fused)))

    def _initialise(self) -> None:
        """Set linear layers to narrow weights, and the last ones of global blocks to zero."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=WEIGHTS_STD)
                nn.init.zeros_(module.bias)
        for block in self.global_blocks:
            nn.init.zeros_(block.get_parameter("attention.proj.weight"))
            nn.init.zeros_(block.get_parameter("mlp.branch.fc2.weight"))


def ramp(last: float, count: int) -> list[float]:
    """`count` numbers from 0 to `last`, at equal steps."""
    return [last * number / (count - 1) for number in range(count)]


@register(
    group=TRANSFORMERS,
    source="Li et al., UniFormerV2, ICCV 2023",
    smallest_clip=(4, 224),
    only=Only(sizes={name: variant.size for name, variant in VARIANTS.items()}),
    choices={
        "variant": VARIANTS,
        "design": (SCENE, MOTION),
        "width": WIDTHS,
        "formulation": FORMULATIONS,
    },
    layouts=LAYOUTS,
    classifier="head",
)
def uniformerv2(
    *,
    num_classes: int,
    frames: int,
    variant: str = "base",
    design: str = SCENE,
    width: float = 1.0,
    formulation: str = "efficient",
) -> UniFormerV2:
    """CLIP's vision transformer over frames, and a query that attends to the whole clip."""
    return UniFormerV2(
        VARIANTS[variant],
        design,
        num_classes=num_classes,
        frames=frames,
        width=width,
        formulation=formulation,
    )
