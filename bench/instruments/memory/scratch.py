"""Memory that kernels of a GPU take beside their results while they run.

Workspaces of libraries are not included.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten


def _softmax_backward(gradient: Tensor, *_: Any) -> int:
    """The product of the gradient and the result: aten/src/ATen/native/cuda/SoftMax.cu."""
    return gradient.nbytes


SCRATCH: dict[Any, Callable[..., int]] = {aten._softmax_backward_data.default: _softmax_backward}


def scratch_bytes(function: Any, args: tuple[Any, ...]) -> int:
    """The bytes that `function` takes and gives back, on a GPU, for its arguments."""
    count = SCRATCH.get(function)
    return count(*args) if count else 0
