"""UniFormer: two stages that convolve near positions, then two that attend to all of a clip.

Source: Li et al., ICLR 2022, as in the authors' repository. It needs no fixed number of frames or
pixels: a depthwise convolution gives a block the positions.
"""

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.attention import WEIGHTS_STD, Residual, attend
from models.chain import Chain
from models.clip import check_clip
from models.formulation import EFFICIENT, FORMULATIONS, save_memory
from models.layouts import Layout, Rule
from models.norm import BatchNorm3d
from models.registry import TRANSFORMERS, register
from models.widths import WIDTHS, scale_channels

HEAD_WIDTH = 64  # channels of a head; those of all stages are multiples of it
STAGE_HEADS = (1, 2, 5, 8)
CONVOLVING = 2  # of the four stages; the others attend
EXPANSION = 4  # of an MLP
NORM_EPS = 1e-6  # of the layer norms in blocks; the others have PyTorch's


@dataclass(frozen=True)
class Variant:
    """The blocks of each stage, and the share of clips that the last of them drops in training."""

    blocks: tuple[int, int, int, int]
    dropped: float


VARIANTS = {"small": Variant((3, 4, 8, 3), 0.1), "base": Variant((5, 8, 20, 7), 0.3)}

_STAGES: tuple[Rule, ...] = tuple(
    rule
    for stage in range(4)
    for rule in (
        (rf"^stages\.{stage}\.embedding\.", f"patch_embed{stage + 1}."),
        (rf"^stages\.{stage}\.block(\d+)\.", rf"blocks{stage + 1}.\1."),
    )
)
_RULES: tuple[Rule, ...] = (
    (r"\.positions\.branch\.conv\.", ".pos_embed."),
    (r"\.mixing\.branch\.norm\.", ".norm1."),
    (r"\.mixing\.branch\.(conv\d)\.", r".\1."),
    (r"\.mixing\.branch\.", "."),
    (r"\.mlp\.branch\.norm\.", ".norm2."),
    (r"\.mlp\.branch\.", ".mlp."),
    *_STAGES,
)
LAYOUT = Layout(_RULES, averages=True)
MMACTION2 = Layout((*_RULES, (r"^(?!head\.)", "backbone."), (r"^head\.", "cls_head.fc_cls.")))


class Attention(nn.Module):
    """Self-attention of all tokens of a clip; `stores_weights`: as a matrix of tokens x tokens."""

    def __init__(self, channels: int, heads: int, *, stores_weights: bool) -> None:
        super().__init__()
        self.heads, self.stores_weights = heads, stores_weights
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map N x L x C to the same shape."""
        parts = self.qkv(tokens).unflatten(2, (3, self.heads, -1))  # N x L x 3 x heads x C/heads
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each N x heads x L x C/heads
        found = attend(query, key, value, stores_weights=self.stores_weights)
        return self.proj(found.transpose(1, 2).flatten(2))


class Embedding(nn.Module):
    """A convolution of patches, which do not overlap in space, and a norm over their channels."""

    def __init__(self, inputs: int, outputs: int, *, is_first: bool) -> None:
        super().__init__()
        time, size = (3, 4) if is_first else (1, 2)
        stride = ((time + 1) // 2, size, size)  # the first one halves the frames, rounding up
        self.proj = nn.Conv3d(inputs, outputs, (time, size, size), stride, (time // 2, 0, 0))
        self.norm = nn.LayerNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map N x inputs x T x H x W to N x outputs x T' x H/size x W/size."""
        return self.norm(self.proj(x).movedim(1, -1)).movedim(-1, 1).contiguous()


def depthwise(size: int, channels: int) -> nn.Conv3d:
    """A convolution of each channel by itself, which keeps the size."""
    return nn.Conv3d(channels, channels, size, padding=size // 2, groups=channels)


def convolving_block(channels: int, dropped: float) -> Chain:
    """Three residuals over N x C x T x H x W: positions, a 5x5x5 convolution and an MLP."""
    hidden = EXPANSION * channels
    return Chain(
        OrderedDict(
            positions=Residual(conv=depthwise(3, channels)),
            mixing=Residual(
                dropped,
                norm=nn.BatchNorm3d(channels),
                conv1=nn.Conv3d(channels, channels, 1),
                attn=depthwise(5, channels),
                conv2=nn.Conv3d(channels, channels, 1),
            ),
            mlp=Residual(
                dropped,
                norm=nn.BatchNorm3d(channels),
                fc1=nn.Conv3d(channels, hidden, 1),
                gelu=nn.GELU(),
                fc2=nn.Conv3d(hidden, channels, 1),
            ),
        )
    )


class AttendingBlock(nn.Module):
    """Three residuals: positions, over N x C x T x H x W, attention and an MLP, over tokens."""

    def __init__(self, channels: int, heads: int, dropped: float, *, stores_weights: bool) -> None:
        super().__init__()
        hidden = EXPANSION * channels
        self.positions = Residual(conv=depthwise(3, channels))
        self.mixing = Residual(
            dropped,
            norm=nn.LayerNorm(channels, NORM_EPS),
            attn=Attention(channels, heads, stores_weights=stores_weights),
        )
        self.mlp = Residual(
            dropped,
            norm=nn.LayerNorm(channels, NORM_EPS),
            fc1=nn.Linear(channels, hidden),
            gelu=nn.GELU(),
            fc2=nn.Linear(hidden, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map N x C x T x H x W to the same shape."""
        x, size = self.positions(x), x.shape[2:]
        tokens = self.mlp(self.mixing(x.flatten(2).transpose(1, 2)))  # N x (T*H*W) x C
        return tokens.transpose(1, 2).unflatten(2, size)


class UniFormer(nn.Module):
    """A UniFormer over clips of `frames`."""

    def __init__(
        self, variant: Variant, *, num_classes: int, frames: int, width: float, formulation: str
    ) -> None:
        super().__init__()
        self.frames = frames
        rates = torch.linspace(0, variant.dropped, sum(variant.blocks), device="cpu").tolist()
        unit, inputs = scale_channels(HEAD_WIDTH, width), 3
        self.stages = nn.ModuleList()
        for position, (heads, blocks) in enumerate(zip(STAGE_HEADS, variant.blocks, strict=True)):
            channels = heads * unit
            stage = Chain()
            stage.add_module("embedding", Embedding(inputs, channels, is_first=not position))
            for number in range(blocks):
                dropped = rates.pop(0)
                block: nn.Module = (
                    convolving_block(channels, dropped)
                    if position < CONVOLVING
                    else AttendingBlock(
                        channels, heads, dropped, stores_weights=formulation != EFFICIENT
                    )
                )
                stage.add_module(f"block{number}", block)
            self.stages.append(stage)
            inputs = channels
        self.norm = BatchNorm3d(inputs)
        self.head = nn.Linear(inputs, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=WEIGHTS_STD)
                nn.init.zeros_(module.bias)
        if formulation == EFFICIENT:
            save_memory(self)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        features = [clip]
        for stage in self.stages:
            features = [stage(features)]  # after the last: N x 512 x T/2 x H/32 x W/32
        return self.head(self.norm(features.pop()).flatten(2).mean(dim=2))


@register(
    group=TRANSFORMERS,
    source="Li et al., UniFormer, ICLR 2022",
    choices={"variant": VARIANTS, "width": WIDTHS, "formulation": FORMULATIONS},
    layouts=(LAYOUT, MMACTION2),
    classifier="head",
)
def uniformer(
    *,
    num_classes: int,
    frames: int,
    variant: str = "small",
    width: float = 1.0,
    formulation: str = "efficient",
) -> UniFormer:
    """Convolutions in the first two stages, attention to the whole clip in the others."""
    return UniFormer(
        VARIANTS[variant],
        num_classes=num_classes,
        frames=frames,
        width=width,
        formulation=formulation,
    )
