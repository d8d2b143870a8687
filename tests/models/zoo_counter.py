"""What the counter of an older MMAction2 gives for a network: the operations of its layers.

Functions are left out, such as convolutions whose kernels are computed. Where our network has a
function and MMAction2 a layer, a test adds it by hand.
"""

from math import prod

import torch
from torch import Tensor, nn

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
POOLS = (nn.MaxPool2d, nn.MaxPool3d, nn.AdaptiveAvgPool3d)
COUNTED = (*CONVOLUTIONS, *NORMS, *POOLS, nn.Linear, nn.ReLU)


def count_layers(model: nn.Module, clip: tuple[int, int, int, int, int]) -> int:
    """The operations of `model`, on the meta device, for a clip of N x 3 x T x H x W."""
    counts: list[int] = []
    for module in model.modules():
        if isinstance(module, COUNTED):
            module.register_forward_hook(lambda *args: counts.append(_count(*args)))
    with torch.device("meta"):
        model(torch.empty(clip))
    return sum(counts)


def _count(module: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> int:
    if isinstance(module, CONVOLUTIONS):
        biases = 0 if module.bias is None else 1
        return out.numel() * (prod(module.weight.shape[1:]) + biases)
    if isinstance(module, nn.Linear):
        return out.numel() * module.in_features
    if isinstance(module, NORMS):
        return 2 * out.numel()
    return out.numel() if isinstance(module, nn.ReLU) else inputs[0].numel()
