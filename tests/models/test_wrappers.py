"""Wrappers are looked through, and lazy modules get their sizes."""

from typing import NoReturn, cast

import pytest
import torch
from torch import nn

from models import NetworkError
from models.wrappers import evaluating, initialise_lazy, look_through

CLIP = (2, 3, 2, 8, 8)


def fail_to_compile(*_: object) -> NoReturn:
    pytest.fail("was compiled")


def compiled(model: nn.Module) -> nn.Module:
    return cast(nn.Module, torch.compile(model, backend=fail_to_compile))


def network() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 2 * 8 * 8, 5))


def test_wrappers_are_looked_through_in_any_order() -> None:
    inner = network()
    assert look_through(nn.DataParallel(inner)) is inner
    assert look_through(compiled(nn.DataParallel(compiled(inner)))) is inner
    assert look_through(inner) is inner


def test_a_network_that_compiles_itself_runs_eagerly() -> None:
    model = network()
    model.compile(backend=fail_to_compile)
    assert look_through(model)(torch.zeros(CLIP)).shape == (2, 5)


def test_wrappers_inside_are_passed_by_and_keep_their_names() -> None:
    first, second = network()
    model = nn.Sequential(nn.DataParallel(first), compiled(second))
    names = list(model.state_dict())
    expected = second(first(torch.ones(CLIP)))
    found = look_through(model)
    assert torch.equal(found(torch.ones(CLIP)), expected)
    assert list(found.state_dict()) == names


class Lazy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.LazyConv3d(4, 1), nn.LazyBatchNorm3d()
        self.fc = nn.LazyLinear(5)

    def forward(self, clip: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.fc(self.norm(self.conv(clip)).mean((2, 3, 4)))
        return logits


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_lazy_modules_get_their_sizes_where_they_are(device: str) -> None:
    with torch.device(device):
        model = Lazy()
        initialise_lazy(model, CLIP)
    assert sum(p.numel() for p in model.parameters()) == (3 * 4 + 4) + 2 * 4 + (4 * 5 + 5)
    assert {p.device.type for p in model.parameters()} == {device}
    assert model.training
    counter = model.norm.num_batches_tracked
    assert counter is not None
    assert counter.is_meta or int(counter) == 0


def test_a_lazy_module_that_never_runs_is_named() -> None:
    model = Lazy()
    model.unused = nn.LazyLinear(2)
    with pytest.raises(NetworkError, match=r"leaves 'unused\.weight' lazy"):
        initialise_lazy(model, CLIP)


def test_modes_are_restored() -> None:
    model = network()
    model[0].eval()
    with evaluating(model):
        assert not model.training
    assert [module.training for module in model.modules()] == [True, False, True]
