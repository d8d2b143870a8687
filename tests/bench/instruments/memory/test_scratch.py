from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bench.instruments.memory import simulate
from bench.instruments.memory.scratch import scratch_bytes

WIDTH = 256
SHAPE = (2, 3, 1, 1, 1)


class Softmax(nn.Module):
    """A softmax over maps of N x 256 x 256: nothing else is large."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(WIDTH, WIDTH))

    def forward(self, clip: Tensor) -> Tensor:
        maps = self.weight * clip.mean((1, 2, 3, 4)).view(-1, 1, 1)  # N x 256 x 256
        return maps.softmax(-1).mean(1)


def test_a_kernel_without_scratch_takes_none() -> None:
    assert scratch_bytes(torch.ops.aten.mul.Tensor, (torch.zeros(3), torch.zeros(3))) == 0


@pytest.mark.parametrize(("device", "tensors"), [("cpu", 2), ("gpu", 3)])
def test_the_backward_pass_of_softmax(device: Any, tensors: int) -> None:
    """The gradients of its result and of its input, and on a GPU a product."""
    peak = simulate(Softmax, SHAPE, device=device)
    maps = SHAPE[0] * WIDTH * WIDTH * 4
    assert peak.by_kind["temporaries"] == pytest.approx(tensors * maps, rel=1e-3)


class Attention(nn.Module):
    """Attention of 2 heads over 256 tokens of 64 channels: nothing else is large."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, WIDTH, 64))

    def forward(self, clip: Tensor) -> Tensor:
        heads = self.weight * clip.mean((1, 2, 3, 4)).view(-1, 1, 1, 1)  # N x 2 x 256 x 64
        attended = nn.functional.scaled_dot_product_attention(heads, heads, heads)
        return attended.mean((1, 2))


def test_the_backward_pass_of_attention() -> None:
    """The gradients of its result, queries, keys and values, and on a GPU a product and sums."""
    peak = simulate(Attention, SHAPE)
    heads = SHAPE[0] * 2 * WIDTH * 64 * 4
    sums = SHAPE[0] * 2 * WIDTH * 4
    assert peak.by_kind["temporaries"] == pytest.approx(5 * heads + sums, rel=1e-3)


@pytest.mark.parametrize(
    ("shape", "floats"),
    [
        ((2, 3, 128, 32), 2 * 3 * 128 * (32 + 1)),
        ((2, 3, 129, 80), 2 * 3 * 256 * (96 + 1)),  # whole blocks of 128 queries and 32 channels
        ((2, 3, 128, 200), 2 * 3 * 128 * (256 + 1)),
    ],
)
def test_the_backward_pass_of_flash_attention(shape: tuple[int, ...], floats: int) -> None:
    backward = torch.ops.aten._scaled_dot_product_flash_attention_backward.default
    assert scratch_bytes(backward, (torch.zeros(shape, device="meta"),)) == 4 * floats
