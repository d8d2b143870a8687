"""Clips for the instruments: N x C x T x H x W, float32."""

import torch
from torch import Tensor, nn

from bench.errors import BenchError


def check_clip_shape(shape: tuple[int, ...]) -> None:
    """Raise `BenchError` unless `shape` is (N, C, T, H, W), whole numbers of at least 1."""
    if len(shape) != 5 or not all(isinstance(n, int) and n > 0 for n in shape):
        raise BenchError(f"a clip's shape is (N, C, T, H, W), each at least 1, not {tuple(shape)}")


def blank_clip(model: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """A clip of zeros, stored so that `model` reads it without a copy.

    A network with a 2D trunk over frames sets `frames_first`: its clip is stored frame by frame, as
    decoders write it. Any other clip is stored contiguously.
    """
    if not getattr(model, "frames_first", False):
        return torch.zeros(shape)
    n, c, t, h, w = shape
    return torch.zeros(n, t, c, h, w).transpose(1, 2)  # N x C x T x H x W
