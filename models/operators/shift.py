"""The temporal shift as an operator: one copy of the frames, with some channels moved in time."""

from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula

from models.clip import unfold_frames
from models.operators.cuda import HAS_TRITON
from models.operators.memory_format import new_frames


@torch.library.custom_op("blvbench::shift_frames", mutates_args=())
def shift_frames(x: Tensor, frames: int, channels: int, steps: int) -> Tensor:
    """Take the first `channels` from `steps` frames later and the next `channels` from earlier.

    `x` is (N*T) x C x H x W with T = `frames`. The other channels stay; beyond the clip's ends
    there is zero. Returns the same shape in the memory format of `x`. Saves nothing for backward.
    Raises `ValueError` for other shapes and if C < 2 * `channels`.
    """
    _check(x, frames, channels)
    shifted = new_frames(x, len(x))
    clip, out = unfold_frames(x, frames), unfold_frames(shifted, frames)
    parts = (
        (slice(channels), steps),
        (slice(channels, 2 * channels), -steps),
        (slice(2 * channels, None), 0),
    )
    for part, step in parts:
        source, target = max(step, 0), max(-step, 0)  # first frame to read, first to write
        length = max(frames - abs(step), 0)
        out[:, :target, part] = 0
        out[:, target : target + length, part] = clip[:, source : source + length, part]
        out[:, target + length :, part] = 0
    return shifted


def _check(x: Tensor, frames: int, channels: int) -> None:
    if frames < 1 or x.dim() != 4 or len(x) % frames or not 0 <= 2 * channels <= x.shape[1]:
        raise ValueError(
            f"shift_frames takes (N*{frames}) x C x H x W of at least {2 * channels} channels, "
            f"not {tuple(x.shape)}"
        )


@shift_frames.register_fake
def _(x: Tensor, frames: int, channels: int, steps: int) -> Tensor:
    _check(x, frames, channels)
    return new_frames(x, x.shape[0])


if HAS_TRITON:

    @shift_frames.register_kernel("cuda")
    def _(x: Tensor, frames: int, channels: int, steps: int) -> Tensor:
        from models.operators.shift_triton import shift

        _check(x, frames, channels)
        return shift(x, frames, channels, steps)


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    _, *ctx.settings = inputs


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    frames, channels, steps = ctx.settings
    return torch.ops.blvbench.shift_frames(grad, frames, channels, -steps), None, None, None


shift_frames.register_autograd(_backward, setup_context=_setup_context)


@register_flop_formula(torch.ops.blvbench.shift_frames)
def _flops(*args: Any, **kwargs: Any) -> int:
    return 0  # a copy
