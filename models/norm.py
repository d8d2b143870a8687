"""Batch normalisation that can write over its input."""

import torch
from torch import Tensor, nn


class BatchNorm2d(nn.BatchNorm2d):
    """PyTorch's batch norm; where `overwrites` is set, inference writes the result over the input.

    That is for an input that nobody reads again, as a convolution's result. A forward pass with
    gradients, in training mode or in torch.compile, which fuses it anyway, leaves the input alone.
    """

    overwrites = False

    def forward(self, x: Tensor) -> Tensor:
        """Map N x C x H x W to the same shape."""
        is_busy = self.training or torch.is_grad_enabled() or torch.compiler.is_compiling()
        if is_busy or not self.overwrites:
            return super().forward(x)
        nothing = x.new_empty(0)  # statistics of the batch, which inference does not make
        statistics = (self.weight, self.bias, self.running_mean, self.running_var)
        normalised: Tensor = torch.ops.aten.native_batch_norm.out(
            *(x, *statistics, False, 0.0, self.eps),
            out=x,
            save_mean=nothing,
            save_invstd=nothing.clone(),
        )[0]
        return normalised
