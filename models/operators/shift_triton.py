"""The temporal shift as a Triton kernel: each frame is read once and written once."""

# ruff: noqa: N803  Triton's style: constants in capitals, each size an argument
# mypy: disable-error-code="no-untyped-def, untyped-decorator"
# (Triton's functions have no types.)

import torch
import triton
import triton.language as tl
from torch import Tensor

from models.operators.memory_format import new_frames
from models.operators.tile_triton import OPTIONS, TILE_BYTES, make_dense, strides, tile


def shift(x: Tensor, frames: int, channels: int, steps: int) -> Tensor:
    """`shift_frames` for arguments that it has checked."""
    x, shifted = make_dense(x, x), new_frames(x, len(x))
    if not x.numel():
        return shifted
    size = x[0].numel()
    block = TILE_BYTES // x.element_size()
    with torch.cuda.device_of(x):
        _shift[(len(x) * triton.cdiv(size, block),)](
            x,
            shifted,
            size,
            x.shape[1],
            strides(x)[0],
            frames,
            channels,
            steps,
            BLOCK=block,
            **OPTIONS,
        )
    return shifted


@triton.jit
def _shift(
    x, shifted, size, all_channels, channel_stride, frames, channels, steps, BLOCK: tl.constexpr
):
    frame, offset, inside, channel = tile(size, all_channels, channel_stride, BLOCK)
    moved = tl.where(channel < channels, steps, tl.where(channel < 2 * channels, -steps, 0))
    source = frame % frames + moved
    inside_clip = (source >= 0) & (source < frames)
    values = tl.load(x + (frame + moved) * size + offset, mask=inside & inside_clip, other=0)
    tl.store(shifted + frame * size + offset, values, mask=inside)
