"""Large video transformers of classes of torchvision, which has builders of smaller ones alone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

# Blocks, channels and heads of each stage of MViTv2-L, and the strides of its pools in space: of
# the first query of the stage, and of all its keys and values.
MVIT_STAGES = (
    (2, 144, 2, 1, 8),
    (6, 288, 4, 2, 4),
    (36, 576, 8, 2, 2),
    (4, 1152, 16, 2, 1),
)
MVIT_CLIP = (40, 312)  # frames, and pixels
POOL = [3, 3, 3]


def swin3d_l(num_classes: int) -> "nn.Module":
    """A Video Swin-L, as its authors and MMAction2 configure it."""
    # Imported here because it doubles the time to import this package.
    from torchvision.models.video.swin_transformer import SwinTransformer3d

    return SwinTransformer3d(
        patch_size=[2, 4, 4],
        embed_dim=192,
        depths=[2, 2, 18, 2],
        num_heads=[6, 12, 24, 48],
        window_size=[8, 7, 7],
        stochastic_depth_prob=0.4,
        num_classes=num_classes,
    )


def mvit_v2_l(num_classes: int) -> "nn.Module":
    """An MViTv2-L over 40 frames of 312 x 312 pixels, as its authors configure it."""
    from torchvision.models.video.mvit import MSBlockConfig, MViT

    settings, inputs = [], MVIT_STAGES[0][1]
    for blocks, channels, heads, query, pooled in MVIT_STAGES:
        for number in range(blocks):
            stride = 1 if number else query
            settings.append(
                MSBlockConfig(
                    num_heads=heads,
                    input_channels=inputs,
                    output_channels=channels,
                    kernel_q=POOL,
                    kernel_kv=POOL,
                    stride_q=[1, stride, stride],
                    stride_kv=[1, pooled, pooled],
                )
            )
            inputs = channels
    frames, size = MVIT_CLIP
    return MViT(
        spatial_size=(size, size),
        temporal_size=frames,
        block_setting=settings,
        residual_pool=True,
        residual_with_cls_embed=False,
        rel_pos_embed=True,
        proj_after_attn=True,
        stochastic_depth_prob=0.75,
        num_classes=num_classes,
    )
