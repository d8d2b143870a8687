"""Temporal aggregation as Triton kernels: one launch reads the frames once and writes each result.

A program moves along time with a tile of one clip and keeps the frames that it needs again.
"""

# ruff: noqa: N803, PLR0913, PLR0917  Triton's style: constants in capitals, each size an argument
# mypy: disable-error-code="no-untyped-def, untyped-decorator, assignment"
# (Triton's functions have no types, and its tuples grow.)

from collections.abc import Sequence
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from models.operators.memory_format import is_channels_last, new_frames
from models.operators.tile_triton import OPTIONS, TILE_BYTES, make_dense, strides, tile

TILE_CHANNELS = 32  # of a backward tile of channels-last frames: fewer would split cache lines


def aggregate(
    x: Tensor, weight: Tensor, frames: int, stride: int, starts: Sequence[int]
) -> list[Tensor]:
    """`aggregate_frames` for arguments that it has checked."""
    x, weight = make_dense(x, x), weight.contiguous()
    results = tuple(new_frames(x, len(x) // stride) for _ in starts)
    if not results or not x.numel():
        return list(results)
    size, taps = x[0].numel(), weight.shape[1]
    block = TILE_BYTES // x.element_size()
    with torch.cuda.device_of(x):
        _aggregate[(len(x) // frames * triton.cdiv(size, block),)](
            x,
            weight,
            results,
            size,
            x.shape[1],
            strides(x)[0],
            LENGTH=frames // stride,
            TAPS=taps,
            STRIDE=stride,
            STARTS=tuple(starts),
            FIRST=min(starts),
            SPAN=max(max(starts) - min(starts) + taps, stride),
            SUM=_sum_type(x),
            BLOCK=block,
            **OPTIONS,
        )
    return list(results)


def aggregate_backward(
    grads: Sequence[Tensor],
    x: Tensor,
    weight: Tensor,
    results: Sequence[Tensor],
    frames: int,
    stride: int,
    starts: Sequence[int],
) -> tuple[Tensor, Tensor]:
    """`aggregate_frames_backward` for arguments that it has checked."""
    x, weight = make_dense(x, x), weight.contiguous()
    grad_x = new_frames(x, len(x))
    if not starts or not x.numel():
        return grad_x.zero_(), torch.zeros_like(weight)
    channels, pixels = x.shape[1], x.shape[2] * x.shape[3]
    sum_type = torch.promote_types(x.dtype, torch.float32)
    block_channels, block_pixels = _backward_tile(x, TILE_BYTES // sum_type.itemsize)
    clips, blocks = len(x) // frames, triton.cdiv(pixels, block_pixels)
    sums = x.new_empty((clips * blocks, *weight.shape), dtype=sum_type)
    with torch.cuda.device_of(x):
        _aggregate_backward[(clips * blocks * triton.cdiv(channels, block_channels),)](
            x,
            weight,
            tuple(make_dense(result, x) for result in results),
            tuple(make_dense(grad, x) for grad in grads),
            grad_x,
            sums,
            x[0].numel(),
            pixels,
            channels,
            *strides(x),
            LENGTH=frames // stride,
            STRIDE=stride,
            **_tap_indices(weight.shape[1], stride, starts),
            SUM=_sum_type(x),
            PIXELS=block_pixels,
            CHANNELS=block_channels,
            **OPTIONS,
        )
    return grad_x, sums.sum(0).to(weight.dtype)


def _tap_indices(taps: int, stride: int, starts: Sequence[int]) -> dict[str, Any]:
    """The constants FIRST, LAST, SEEN and READ of the backward kernel.

    The taps of all results are numbered in the order of the weights.
    """
    offsets = [start + k for start in starts for k in range(taps)]  # of the frame read for i = 0
    frames = [-(offset // stride) for offset in offsets]  # i that reads one of the first frames
    return {
        "FIRST": min(frames),
        "LAST": max(frames),
        "SEEN": tuple(
            (frame - min(frames)) * len(starts) + tap // taps for tap, frame in enumerate(frames)
        ),
        "READ": tuple(offset % stride for offset in offsets),
    }


def _sum_type(x: Tensor) -> tl.dtype:
    return tl.float64 if x.dtype == torch.float64 else tl.float32


def _backward_tile(x: Tensor, block: int) -> tuple[int, int]:
    """The channels and pixels of a tile of `block` elements that are adjacent in `x`."""
    if is_channels_last(x):
        channels = min(triton.next_power_of_2(x.shape[1]), TILE_CHANNELS)
        return channels, block // channels
    pixels = min(triton.next_power_of_2(x.shape[2] * x.shape[3]), block)
    return block // pixels, pixels


@triton.jit
def _frame(clip, t, frames, size, inside, SUM: tl.constexpr):
    """Frame `t` of a clip; zero beyond its ends."""
    t = tl.full(inside.shape, t, tl.int64)
    return tl.load(clip + t * size, mask=inside & (t >= 0) & (t < frames), other=0).to(SUM)


@triton.jit
def _aggregate(
    x,
    weight,
    results,
    size,  # of a frame
    channels,
    channel_stride,
    LENGTH: tl.constexpr,  # frames in a clip of a result
    TAPS: tl.constexpr,
    STRIDE: tl.constexpr,
    STARTS: tl.constexpr,
    FIRST: tl.constexpr,  # the first frame that any result reads for i = 0
    SPAN: tl.constexpr,  # the number of frames that the results read together
    SUM: tl.constexpr,
    BLOCK: tl.constexpr,
):
    clip, offset, inside, channel = tile(size, channels, channel_stride, BLOCK)
    frames = LENGTH * STRIDE
    x += clip * frames * size + offset
    weights = ()
    for row in tl.static_range(len(STARTS) * TAPS):
        weights += (tl.load(weight + row * channels + channel).to(SUM),)
    window = ()
    for t in tl.static_range(FIRST, FIRST + SPAN - STRIDE):
        window += (_frame(x, t, frames, size, inside, SUM),)
    for i in range(LENGTH):
        seen = window
        for t in tl.static_range(FIRST + SPAN - STRIDE, FIRST + SPAN):
            seen += (_frame(x, STRIDE * i + t, frames, size, inside, SUM),)
        for m in tl.static_range(len(STARTS)):
            total = tl.zeros((BLOCK,), SUM)
            for k in tl.static_range(TAPS):
                total += weights[m * TAPS + k] * seen[STARTS[m] - FIRST + k]
            total = tl.where(total <= 0, 0, total)  # unlike a maximum, this keeps NaN
            tl.store(results[m] + (clip * LENGTH + i) * size + offset, total, mask=inside)
        window = seen[STRIDE:]


@triton.jit
def _backward_place(pixels, channels, PIXELS: tl.constexpr, CHANNELS: tl.constexpr):
    """The place of this program's tile: the clip, its block of pixels, the pixels, the channels.

    Blocks are numbered through all clips.
    """
    blocks, channel_blocks = tl.cdiv(pixels, PIXELS), tl.cdiv(channels, CHANNELS)
    block, channel_block = tl.program_id(0) // channel_blocks, tl.program_id(0) % channel_blocks
    clip = (block // blocks).to(tl.int64)
    pixel = (block % blocks).to(tl.int64) * PIXELS + tl.arange(0, PIXELS)
    channel = channel_block.to(tl.int64) * CHANNELS + tl.arange(0, CHANNELS)
    return clip, block.to(tl.int64), pixel, channel


@triton.jit
def _gradients(results, grads, offset, i, length, size, inside, SUM: tl.constexpr):
    """For each result, the gradient for the sum before the ReLU at frame `i` of the clip."""
    gradients = ()
    for m in tl.static_range(len(results)):
        result = _frame(results[m] + offset, i, length, size, inside, SUM)
        grad = _frame(grads[m] + offset, i, length, size, inside, SUM)
        gradients += (tl.where(result <= 0, 0, grad),)
    return gradients


@triton.jit
def _frame_gradient(weights, seen, t, zero, SEEN: tl.constexpr, READ: tl.constexpr):
    """The gradient for frame `t` of the STRIDE frames: a weighted sum of those in `seen`."""
    total = zero
    for tap in tl.static_range(len(SEEN)):
        if READ[tap] == t:
            total += weights[tap] * seen[SEEN[tap]]
    return total


@triton.jit
def _aggregate_backward(
    x,
    weight,
    results,
    grads,
    grad_x,
    sums,
    size,  # of a frame
    pixels,
    channels,
    channel_stride,
    pixel_stride,
    LENGTH: tl.constexpr,  # frames in a clip of a result
    STRIDE: tl.constexpr,
    FIRST: tl.constexpr,  # the first frame of a result that reads one of the first STRIDE frames
    LAST: tl.constexpr,  # the last one
    SEEN: tl.constexpr,  # by tap: the index of its result's gradient in `seen`, from FIRST to LAST
    READ: tl.constexpr,  # by tap: the index of the frame that it reads, in the STRIDE frames
    SUM: tl.constexpr,
    PIXELS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    clip, block, pixel, channel = _backward_place(pixels, channels, PIXELS, CHANNELS)
    is_channel = channel < channels
    inside = (pixel < pixels)[:, None] & is_channel[None, :]
    offset = pixel[:, None] * pixel_stride + channel[None, :] * channel_stride
    result_offset = clip * LENGTH * size + offset
    frames = LENGTH * STRIDE
    x += clip * frames * size + offset
    grad_x += clip * frames * size + offset
    zero = tl.zeros((PIXELS, CHANNELS), SUM)
    weights = ()
    totals = ()
    for tap in tl.static_range(len(SEEN)):
        values = tl.load(weight + tap * channels + channel, mask=is_channel, other=0)
        weights += (values.to(SUM)[None, :],)
        totals += (zero,)
    window = ()
    for i in tl.static_range(FIRST, LAST):
        window += _gradients(results, grads, result_offset, i, LENGTH, size, inside, SUM)
    for i in range(LENGTH):
        seen = window
        seen += _gradients(results, grads, result_offset, i + LAST, LENGTH, size, inside, SUM)
        read = ()
        for t in tl.static_range(STRIDE):
            read += (_frame(x, STRIDE * i + t, frames, size, inside, SUM),)
        added = ()
        for tap in tl.static_range(len(SEEN)):
            added += (totals[tap] + seen[SEEN[tap]] * read[READ[tap]],)
        totals = added
        for t in tl.static_range(STRIDE):
            grad = _frame_gradient(weights, seen, t, zero, SEEN, READ)
            tl.store(grad_x + tl.cast(STRIDE * i + t, tl.int64) * size, grad, mask=inside)
        window = seen[len(results) :]
    sums += block * len(SEEN) * channels + channel
    for tap in tl.static_range(len(SEEN)):
        tl.store(sums + tap * channels, tl.sum(totals[tap], 0), mask=is_channel)
