"""Temporal aggregation as an operator: y_i = relu(sum_k w_k * x_{stride*i + start + k}).

As separate operations the formula needs a scaled copy of the frames for every k and a stack of the
copies. Here each frame is summed in place in the result, which is the only allocation.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula

from models.clip import unfold_frames
from models.operators.cuda import HAS_TRITON
from models.operators.memory_format import is_channels_last, new_frames


@torch.library.custom_op("blvbench::aggregate_frames", mutates_args=())
def aggregate_frames(
    x: Tensor, weight: Tensor, frames: int, stride: int, starts: Sequence[int]
) -> list[Tensor]:
    """Compute the weighted sum of neighbouring frames and its ReLU, for each of M `starts`.

    `x` is (N*T) x C x H x W with T = `frames`, a multiple of `stride`; `weight` is M x K x C, of
    the type of `x`. Frame i of result m is relu(sum_k weight[m, k] * x[stride*i + starts[m] + k]),
    with zero for frames beyond the clip's ends, where -K < start < stride. Returns M results of
    (N*T/stride) x C x H x W in the memory format of `x`. Saves `x`, `weight` and the results for
    backward. Raises `ValueError` for other shapes and starts.
    """
    length = _check(x, weight, frames, stride, starts)
    results = []
    for taps, start in zip(_rows(weight, x), starts, strict=True):
        result = new_frames(x, len(x) // stride)
        for clip, out in zip(unfold_frames(x, frames), unfold_frames(result, length), strict=True):
            for i, frame in enumerate(out):
                (k, t), *others = _taps_inside(stride * i + start, len(taps), frames)
                torch.mul(clip[t], taps[k], out=frame)
                for k, t in others:
                    frame.addcmul_(clip[t], taps[k])
                frame.relu_()
        results.append(result)
    return results


@torch.library.custom_op("blvbench::aggregate_frames_backward", mutates_args=())
def aggregate_frames_backward(
    grads: Sequence[Tensor],
    x: Tensor,
    weight: Tensor,
    results: Sequence[Tensor],
    frames: int,
    stride: int,
    starts: Sequence[int],
) -> tuple[Tensor, Tensor]:
    """The gradients for `x` and `weight` of `aggregate_frames`, from those for its `results`."""
    length = _check(x, weight, frames, stride, starts)
    grad_x = new_frames(x, len(x)).zero_()
    is_half = x.dtype in (torch.float16, torch.bfloat16)
    sums = torch.zeros_like(weight, dtype=torch.float32 if is_half else x.dtype)
    for m, (taps, start) in enumerate(zip(_rows(weight, x), starts, strict=True)):
        clips = zip(
            unfold_frames(x, frames),
            unfold_frames(grad_x, frames),
            unfold_frames(results[m], length),
            unfold_frames(grads[m], length),
            strict=True,
        )
        for clip, grad_clip, out, grad_out in clips:
            for i in range(length):
                grad = torch.ops.aten.threshold_backward(grad_out[i], out[i], 0)  # C x H x W
                for k, t in _taps_inside(stride * i + start, len(taps), frames):
                    grad_clip[t].addcmul_(grad, taps[k])
                    sums[m, k] += (grad * clip[t]).sum((1, 2), dtype=sums.dtype)
    return grad_x, sums.to(weight.dtype)


def _check(x: Tensor, weight: Tensor, frames: int, stride: int, starts: Sequence[int]) -> int:
    """Return the frames in a clip of a result; raise `ValueError` if arguments do not fit."""
    if min(frames, stride) < 1 or x.dim() != 4 or len(x) % frames or frames % stride:
        raise ValueError(
            f"aggregate_frames takes (N*{frames}) x C x H x W and a stride that divides {frames}, "
            f"not {tuple(x.shape)} and {stride}"
        )
    if weight.dim() != 3 or weight.shape[::2] != (len(starts), x.shape[1]):
        raise ValueError(
            f"aggregate_frames takes weights of {len(starts)} x K x {x.shape[1]}, "
            f"not {tuple(weight.shape)}"
        )
    if weight.dtype != x.dtype:
        raise ValueError(f"aggregate_frames takes weights of {x.dtype}, not {weight.dtype}")
    if not all(-weight.shape[1] < start < stride for start in starts):
        raise ValueError(
            f"aggregate_frames takes starts above {-weight.shape[1]} and below {stride}, "
            f"not {list(starts)}: a result would have frames without any input"
        )
    return frames // stride


def _rows(weight: Tensor, x: Tensor) -> Tensor:
    """M x K x C as M x K x C x 1 x W in the memory order of `x`, so that a row is read at once."""
    rows = weight[:, :, None, None].expand(-1, -1, 1, x.shape[3], -1)  # M x K x 1 x W x C
    if is_channels_last(x):
        rows = rows.contiguous()
    return rows.permute(0, 1, 4, 2, 3)  # M x K x C x 1 x W


def _taps_inside(first: int, taps: int, frames: int) -> list[tuple[int, int]]:
    """(tap, frame) for the taps whose frame is inside the clip; tap 0 is for frame `first`."""
    return [(k, first + k) for k in range(taps) if 0 <= first + k < frames]


@aggregate_frames.register_fake
def _(x: Tensor, weight: Tensor, frames: int, stride: int, starts: Sequence[int]) -> list[Tensor]:
    _check(x, weight, frames, stride, starts)
    return [new_frames(x, x.shape[0] // stride) for _ in starts]


@aggregate_frames_backward.register_fake
def _(
    grads: Sequence[Tensor],
    x: Tensor,
    weight: Tensor,
    results: Sequence[Tensor],
    frames: int,
    stride: int,
    starts: Sequence[int],
) -> tuple[Tensor, Tensor]:
    return new_frames(x, x.shape[0]), torch.empty_like(weight)


if HAS_TRITON:

    @aggregate_frames.register_kernel("cuda")
    def _(
        x: Tensor, weight: Tensor, frames: int, stride: int, starts: Sequence[int]
    ) -> list[Tensor]:
        from models.operators.aggregation_triton import aggregate

        _check(x, weight, frames, stride, starts)
        return aggregate(x, weight, frames, stride, starts)

    @aggregate_frames_backward.register_kernel("cuda")
    def _(
        grads: Sequence[Tensor],
        x: Tensor,
        weight: Tensor,
        results: Sequence[Tensor],
        frames: int,
        stride: int,
        starts: Sequence[int],
    ) -> tuple[Tensor, Tensor]:
        from models.operators.aggregation_triton import aggregate_backward

        _check(x, weight, frames, stride, starts)
        return aggregate_backward(grads, x, weight, results, frames, stride, starts)


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    x, weight, *ctx.settings = inputs
    ctx.save_for_backward(x, weight, *output)


def _backward(ctx: Any, grads: list[Tensor]) -> tuple[Tensor | None, ...]:
    x, weight, *results = ctx.saved_tensors
    gradients = torch.ops.blvbench.aggregate_frames_backward(
        grads, x, weight, results, *ctx.settings
    )
    return (*gradients, None, None, None)


aggregate_frames.register_autograd(_backward, setup_context=_setup_context)


def macs(x: Sequence[int], weight: Sequence[int], stride: int) -> int:
    """Multiply-accumulates of `aggregate_frames`, from the shapes of its `x` and `weight`.

    As for a convolution, taps beyond the clip's ends count. Source: the operator's formula.
    """
    count, channels, height, width = x
    results, taps, _ = weight
    return results * taps * (count // stride) * channels * height * width


@register_flop_formula(torch.ops.blvbench.aggregate_frames)
def _flops(
    x: Sequence[int],
    weight: Sequence[int],
    frames: int,
    stride: int,
    starts: Sequence[int],
    **kwargs: Any,
) -> int:
    return 2 * macs(x, weight, stride)
