"""The number of learned parameters of a network."""

from torch import nn


def count(model: nn.Module) -> int:
    """The elements of all parameters, a shared one counted once; buffers are no parameters."""
    return sum(parameter.numel() for parameter in model.parameters())
