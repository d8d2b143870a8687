"""Batch norms that can write over their input.

With `saves_memory`, inference writes the result over the input. Set it only if nothing else reads
the input, such as a convolution's result. A forward pass with gradients, in training mode or in
torch.compile, which fuses it anyway, keeps the input.
"""

import torch
from torch import Tensor, nn


class BatchNorm2d(nn.BatchNorm2d):
    """PyTorch's batch norm of N x C x H x W, which can write over its input."""

    saves_memory = False

    def forward(self, x: Tensor) -> Tensor:
        """Map N x C x H x W to the same shape."""
        return _overwrite(self, x) if _may_overwrite(self) else super().forward(x)


class BatchNorm3d(nn.BatchNorm3d):
    """PyTorch's batch norm of N x C x T x H x W, which can write over its input."""

    saves_memory = False

    def forward(self, x: Tensor) -> Tensor:
        """Map N x C x T x H x W to the same shape."""
        return _overwrite(self, x) if _may_overwrite(self) else super().forward(x)


def set_eps(network: nn.Module, eps: float) -> None:
    """Set the epsilon of all batch norms over clips in `network`, in place."""
    for module in network.modules():
        if isinstance(module, BatchNorm3d):
            module.eps = eps


def _may_overwrite(norm: BatchNorm2d | BatchNorm3d) -> bool:
    keeps_input = norm.training or torch.is_grad_enabled() or torch.compiler.is_compiling()
    return norm.saves_memory and not keeps_input


def _overwrite(norm: BatchNorm2d | BatchNorm3d, x: Tensor) -> Tensor:
    """Normalise `x` in place by the running statistics; returns `x`."""
    running = norm.running_mean
    assert running is not None
    # The operator's type for statistics; under autocast, x may have another one.
    dtype = torch.promote_types(running.dtype, torch.float32) if x.is_cuda else running.dtype
    normalised: Tensor = torch.ops.aten.native_batch_norm.out(
        x,
        norm.weight,
        norm.bias,
        norm.running_mean,
        norm.running_var,
        training=False,
        momentum=0.0,
        eps=norm.eps,
        out=x,
        save_mean=x.new_empty(0, dtype=dtype),  # inference computes none of the batch
        save_invstd=x.new_empty(0, dtype=dtype),
    )[0]
    return normalised
