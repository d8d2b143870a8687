"""Code that the Triton kernels share: tiles of a frame, and frames that are dense in memory."""

# ruff: noqa: N803  Triton's style: constants in capitals
# mypy: disable-error-code="no-untyped-def, untyped-decorator"
# (Triton's functions have no types.)

import torch
import triton
import triton.language as tl
from torch import Tensor

from models.operators.memory_format import is_channels_last

THREAD_BYTES = 16  # that a thread moves at once: the widest load of a GPU
OPTIONS = {"num_warps": 4, "enable_fp_fusion": True}  # Triton's default until 3.9
TILE_BYTES = THREAD_BYTES * 32 * OPTIONS["num_warps"]


def make_dense(frames: Tensor, like: Tensor) -> Tensor:
    """`frames` in the memory format of `new_frames(like, ...)`, copied if necessary."""
    memory_format = torch.channels_last if is_channels_last(like) else torch.contiguous_format
    return frames.contiguous(memory_format=memory_format)


def strides(frames: Tensor) -> tuple[int, int]:
    """The distances in dense frames between the channels of a pixel and the pixels of a channel."""
    _, channels, height, width = frames.shape
    return (1, channels) if is_channels_last(frames) else (height * width, 1)


@triton.jit
def tile(size, channels, channel_stride, BLOCK: tl.constexpr):
    """The tile of this program: `BLOCK` elements that are adjacent in each frame of one clip.

    Returns the clip, the offsets within a frame, whether they are inside it, and their channels.
    Uses 64-bit divisions only where they are needed.
    """
    blocks = tl.cdiv(size, BLOCK)
    first = (tl.program_id(0) % blocks).to(tl.int64) * BLOCK
    lane = tl.arange(0, BLOCK)
    beyond = (first % channel_stride).to(tl.int32) + lane
    channel = (
        (first // channel_stride % channels).to(tl.int32) + beyond // channel_stride
    ) % channels
    clip = (tl.program_id(0) // blocks).to(tl.int64)
    return clip, first + lane, first + lane < size, channel
