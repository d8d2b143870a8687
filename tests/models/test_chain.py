import weakref

import pytest
import torch
from torch import Tensor, nn

from models.chain import Chain, consume


def test_layers_take_their_input_out_of_the_list() -> None:
    inputs = [torch.ones(1), torch.full((1,), -2.0)]
    assert consume([nn.ReLU(), nn.Identity()], inputs).item() == 0
    assert [x.item() for x in inputs] == [1]


def test_a_chain_runs_the_chains_inside_it() -> None:
    inputs = [torch.full((1,), 2.0), torch.full((1,), 3.0)]
    chain = Chain(nn.Hardtanh(0, 2.5), Chain(nn.Threshold(9, 7.0), nn.Identity()))
    assert chain(inputs).item() == 7
    assert [x.item() for x in inputs] == [2]
    assert [name for name, _ in chain.named_children()] == ["0", "1"]


class Watcher(nn.Module):
    """Notes whether a tensor is alive while the layer runs."""

    def __init__(self, watched: "list[weakref.ref[Tensor]]") -> None:
        super().__init__()
        self.watched, self.alive = watched, True

    def forward(self, x: Tensor) -> Tensor:
        self.alive = self.watched[0]() is not None
        return x


@pytest.mark.parametrize("saves", [True, False])
def test_the_input_lives_until_the_chain_ends_unless_it_saves_memory(saves: bool) -> None:
    watched: list[weakref.ref[Tensor]] = []
    watcher = Watcher(watched)
    inner = Chain(watcher)
    chain = Chain(nn.Threshold(0, 0), inner)
    chain.saves_memory = inner.saves_memory = saves
    inputs = [torch.ones(1)]
    watched.append(weakref.ref(inputs[0]))
    with torch.no_grad():
        chain(inputs)
    assert watcher.alive != saves
    assert watched[0]() is None
