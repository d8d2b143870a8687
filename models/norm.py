"""A batch norm that can write over its input."""

import torch
from torch import Tensor, nn


class BatchNorm2d(nn.BatchNorm2d):
    """PyTorch's batch norm; with `overwrites`, inference writes the result over the input.

    Set it only if nothing else reads the input, such as a convolution's result. A forward pass with
    gradients, in training mode or in torch.compile, which fuses it anyway, keeps the input.
    """

    overwrites = False

    def forward(self, x: Tensor) -> Tensor:
        """Map N x C x H x W to the same shape."""
        keeps_input = self.training or torch.is_grad_enabled() or torch.compiler.is_compiling()
        if keeps_input or not self.overwrites:
            return super().forward(x)
        normalised: Tensor = torch.ops.aten.native_batch_norm.out(
            x,
            self.weight,
            self.bias,
            self.running_mean,
            self.running_var,
            training=False,
            momentum=0.0,
            eps=self.eps,
            out=x,
            save_mean=x.new_empty(0),  # inference computes no statistics of the batch
            save_invstd=x.new_empty(0),
        )[0]
        return normalised
