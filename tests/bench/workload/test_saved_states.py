"""The states of an LSTM, as simulated and as PyTorch's CPU library keeps them."""

from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from bench.workload.saved_states import LAYER, SavedStates, lstm_states_bytes


class States(TorchDispatchMode):
    """Notes the bytes of states that layers of an LSTM return."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[int] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func is LAYER:
            self.found.append(out[3].untyped_storage().nbytes())
        return out


def states_of(layers: nn.LSTM, clip: torch.Tensor) -> list[int]:
    states = States()
    with states:
        layers(clip)
    return states.found


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="needs oneDNN")
@pytest.mark.parametrize(
    ("steps", "batch", "inputs", "hidden"),
    [(1, 1, 1, 1), (256, 8, 64, 64), (64, 4, 64, 128), (64, 4, 200, 64), (33, 3, 48, 50)],
)
def test_they_are_what_the_library_keeps(steps: int, batch: int, inputs: int, hidden: int) -> None:
    real = states_of(nn.LSTM(inputs, hidden), torch.zeros(steps, batch, inputs, requires_grad=True))
    if not real:
        pytest.skip("this build of PyTorch computes an LSTM by other operators")
    assert lstm_states_bytes(steps, batch, inputs, hidden) == real[0]


def test_without_contents_each_layer_and_direction_returns_them() -> None:
    with FakeTensorMode(), SavedStates():
        layers = nn.LSTM(8, 16, 2, bidirectional=True)
        found = states_of(layers, torch.empty(7, 3, 8, requires_grad=True))
        layers.requires_grad_(requires_grad=False).eval()
        without = states_of(layers, torch.empty(7, 3, 8))
    first, second = (lstm_states_bytes(7, 3, width, 16) for width in (8, 32))
    assert found in ([first, first, second, second], [])
    assert not any(without)
