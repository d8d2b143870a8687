"""Temporal aggregation modules with fixed weights, inputs for them, and how tests compare them."""

from collections.abc import Sequence

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from models.tam import WINDOWS, Aggregation


def frames_of(count: int, channels: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = (count, channels, 2, 3)
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()


def module_of(kind: type[Aggregation], channels: int, frames: int, window: int = 3) -> Aggregation:
    torch.manual_seed(1)
    return kind(channels, frames, window).double()


def assert_same(
    first: tuple[nn.Module, Sequence[Tensor]],
    second: tuple[nn.Module, Sequence[Tensor]],
    x: Tensor,
) -> None:
    """Check that two modules have equal results and gradients for `x` and the weights."""
    for one, other in zip(first[1], second[1], strict=True):
        torch.testing.assert_close(one, other)
    generator = torch.Generator().manual_seed(2)
    grads = [torch.randn(r.shape, generator=generator, dtype=r.dtype) for r in first[1]]
    got, expected = (
        torch.autograd.grad(results, (x, *module.parameters()), grads)
        for module, results in (first, second)
    )
    torch.testing.assert_close(got, expected)


clips_of = given(
    clips=st.integers(1, 3),
    pairs=st.integers(1, 5),
    channels=st.integers(1, 4),
    window=st.sampled_from(WINDOWS),
)
