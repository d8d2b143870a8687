"""Bytes by hand, of networks small enough for it."""

import pytest
import torch
from torch import Tensor, nn

from bench.errors import BenchError
from bench.instruments import traffic


class Pointwise(nn.Module):
    """A pointwise convolution, a ReLU in place and a view."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(3, 5, 1, bias=False)

    def forward(self, clip: Tensor) -> Tensor:
        return torch.relu_(self.conv(clip)).flatten(1)


CLIP = (2, 3, 4, 6, 6)
ELEMENTS = 2 * 4 * 6 * 6  # of a channel
CONVOLUTION = 3 * ELEMENTS + 3 * 5 + 5 * ELEMENTS  # clip, weights, result
RELU = 2 * 5 * ELEMENTS  # read and written


def test_operators_read_their_inputs_and_write_their_results() -> None:
    assert traffic.count(Pointwise, CLIP) == 4 * (CONVOLUTION + RELU)


def test_half_the_precision_moves_half_the_bytes_but_for_the_casts() -> None:
    casts = 4 * (3 * ELEMENTS + 15) + 2 * (3 * ELEMENTS + 15)  # read in float32, written in bf16
    assert traffic.count(Pointwise, CLIP, "bf16") == 2 * (CONVOLUTION + RELU) + casts


def test_another_shape_is_refused() -> None:
    with pytest.raises(BenchError, match="a clip's shape"):
        traffic.count(Pointwise, (2, 3, 4, 6))


class Mixer(nn.Module):
    """A linear layer without a bias, over a sequence: PyTorch reshapes its result by a view."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(6, 7, bias=False)

    def forward(self, clip: Tensor) -> Tensor:
        return self.linear(clip.flatten(2, 3))


class Filler(nn.Module):
    """Copies the clip into an empty tensor, and adds it to itself in another."""

    def forward(self, clip: Tensor) -> Tensor:
        held = torch.empty_like(clip)
        held.copy_(clip)
        return torch.add(held, held, out=torch.empty_like(clip))


def test_a_view_that_an_operator_makes_moves_nothing() -> None:
    rows = 2 * 3 * 4 * 6
    assert traffic.count(Mixer, CLIP) == 4 * (rows * 6 + 6 * 7 + rows * 7)


def test_what_is_overwritten_is_not_read() -> None:
    assert traffic.count(Filler, CLIP) == 4 * (2 + 2) * 3 * ELEMENTS  # copied, then added
