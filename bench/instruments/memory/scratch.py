"""Memory that kernels of a GPU take beside their results while they run.

Workspaces of libraries are not included.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from bench.instruments.memory.pools import round_up

aten = torch.ops.aten
FLOAT = 4  # bytes
# The blocks of flash attention.
QUERIES = 128
CHANNELS, MANY_CHANNELS, MOST_CHANNELS = 32, 192, 256  # more than MANY take MOST


def _softmax_backward(gradient: Tensor, *_: Any) -> int:
    """The product of the gradient and the result: aten/src/ATen/native/cuda/SoftMax.cu."""
    return gradient.nbytes


def _efficient_attention_backward(gradient: Tensor, *_: Any) -> int:
    """The product of the gradient and the result in float32, and its sums over rows.

    In half precision, where there is no product, the queries' gradients are added up in float32.
    Source: aten/src/ATen/native/transformers/cuda/attention_backward.cu.
    """
    rows = gradient.shape[:-1].numel()
    return FLOAT * (gradient.numel() + rows)


def _flash_attention_backward(gradient: Tensor, *_: Any) -> int:
    """The queries' gradients in float32, and a sum for each query, in whole blocks.

    Source: aten/src/ATen/native/transformers/cuda/flash_attn/flash_api.cpp.
    """
    samples, heads, queries, channels = gradient.shape
    rows = samples * heads * round_up(queries, QUERIES)
    width = round_up(channels, CHANNELS) if channels <= MANY_CHANNELS else MOST_CHANNELS
    return FLOAT * rows * (width + 1)


SCRATCH: dict[Any, Callable[..., int]] = {
    aten._softmax_backward_data.default: _softmax_backward,
    aten._scaled_dot_product_efficient_attention_backward.default: _efficient_attention_backward,
    aten._scaled_dot_product_flash_attention_backward.default: _flash_attention_backward,
}


def scratch_bytes(function: Any, args: tuple[Any, ...]) -> int:
    """The bytes that `function` takes and gives back, on a GPU, for its arguments."""
    count = SCRATCH.get(function)
    return count(*args) if count else 0
