import torch
from torch import Tensor, nn

from models.branches import find_entries


class Residual(nn.Module):
    """A branch of two layers beside a shortcut, which may have a layer of its own."""

    def __init__(self, shortcut: nn.Module) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut(x) + self.second(torch.relu(self.first(x)))


class Joined(nn.Module):
    """Two branches that are joined, not added."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Conv2d(4, 2, 1), nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((self.one(x), self.other(x) + 1), dim=1)


def test_branches_begin_where_their_shortcuts_do() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 1),
        Residual(nn.Identity()),
        nn.ReLU(),
        Residual(nn.Conv2d(4, 4, 1)),
        Joined(),
    )
    assert find_entries(network) == ["1.first", "3.first"]


def test_a_block_of_blocks_has_branches_of_its_own() -> None:
    inner = nn.Sequential(Residual(nn.Identity()), Residual(nn.Identity()))
    outer = Residual(nn.Identity())
    outer.second = inner  # type: ignore[assignment]
    assert find_entries(outer) == ["second.0.first", "second.1.first", "first"]


def test_the_mode_of_the_network_stays() -> None:
    network = Residual(nn.Identity())
    assert find_entries(network.train()) == find_entries(network.eval()) == ["first"]
    find_entries(network.train())
    assert network.training
