"""Layers in order, which free their input as soon as nothing needs it.

A caller that names a tensor, or passes it to a call, keeps it alive until the call returns. So the
input comes in a list, from which it is removed.
"""

from collections.abc import Iterable

from torch import Tensor, nn


def consume(layers: Iterable[nn.Module], inputs: list[Tensor]) -> Tensor:
    """Remove the last of `inputs` from the list and apply `layers` to it, in order.

    Without gradients each tensor is freed as soon as the next exists.
    """
    for layer in layers:
        inputs.append(layer(inputs if isinstance(layer, Consumer) else inputs.pop()))
    return inputs.pop()


class Consumer(nn.Module):
    """A layer that is called with a list, and takes its input out of it."""


class Chain(nn.Sequential, Consumer):
    """Layers in order, called with a list: they take their input out of it.

    With `saves_memory`, inference frees the input as soon as the first layer has read it. Else it
    stays until the last layer has run, as in a call of `nn.Sequential`.
    """

    saves_memory = False

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Apply the layers to the last of `inputs`, and remove that from the list."""
        held = [] if self.saves_memory else inputs[-1:]
        result = consume(self, inputs)
        held.clear()
        return result
