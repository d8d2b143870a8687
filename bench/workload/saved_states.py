"""What an LSTM saves for its backward pass, which its operator does not tell without contents."""

from math import ceil
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

FLOAT = 4  # bytes
PAGE = 4096  # bytes
LINE = 16  # floats of a cache line
CROWDED = 256  # rows of a multiple of so many floats would compete for the same places of a cache
LAYER = torch.ops.aten.mkldnn_rnn_layer.default
HIDDEN_SIZE, IS_TRAINED = 10, 15  # positions of its arguments


class SavedStates(TorchDispatchMode):
    """Context in which a layer of an LSTM returns its states, as PyTorch's CPU library keeps them.

    The operator's description has none. Their sizes were found from those of 16 layers on one CPU.
    A GPU is taken to keep as much.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func is not LAYER or not args[IS_TRAINED]:
            return out
        steps, batch, inputs = args[0].shape
        size = lstm_states_bytes(steps, batch, inputs, args[HIDDEN_SIZE])
        return (*out[:3], torch.empty(size, dtype=torch.uint8))


def lstm_states_bytes(steps: int, batch: int, inputs: int, hidden: int) -> int:
    """The bytes that oneDNN keeps of a layer in one direction, each buffer in whole pages.

    For each step there are gates and an output. Before the first step and after each there are
    cells and their gradients, as wide as the layer, and three buffers for states and their
    gradients, as wide as the layer or its input; all five of the layer and of its input.
    """
    rows = [(steps, _row(4 * hidden)), (steps, _row(hidden))]
    rows += [(2 * (steps + 1), hidden)] * 2
    rows += [(2 * (steps + 1), _row(max(inputs, hidden)))] * 3
    return sum(PAGE * ceil(count * batch * width * FLOAT / PAGE) for count, width in rows)


def _row(width: int) -> int:
    """The floats of a row: whole cache lines, and not a multiple of 256."""
    floats = LINE * ceil(width / LINE)
    return floats + LINE if floats % CROWDED == 0 else floats
