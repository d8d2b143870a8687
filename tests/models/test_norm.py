"""Batch norms over hand-made figures, in two and in three dimensions."""

import pytest
import torch
from torch import Tensor, nn

from models.norm import BatchNorm2d, BatchNorm3d, set_eps

Norm = BatchNorm2d | BatchNorm3d
SHAPES = {BatchNorm2d: (2, 2, 2, 2), BatchNorm3d: (2, 2, 2, 2, 1)}
BOTH = pytest.mark.parametrize("kind", [BatchNorm2d, BatchNorm3d])


def filled(kind: type[Norm], *, saves: bool) -> Norm:
    norm = kind(2).eval()
    norm.saves_memory = saves
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([2.0, 3.0]))
        norm.bias.copy_(torch.tensor([1.0, -1.0]))
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.copy_(torch.tensor([0.5, -0.5]))
    norm.running_var.copy_(torch.tensor([4.0, 9.0]))
    return norm


def picture(kind: type[Norm]) -> Tensor:
    return torch.arange(16.0).reshape(SHAPES[kind])


def expected(norm: Norm, x: Tensor) -> Tensor:
    return nn.functional.batch_norm(
        x, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
    )


@BOTH
def test_where_it_may_it_writes_the_same_figures_over_its_input(kind: type[Norm]) -> None:
    norm, x = filled(kind, saves=True), picture(kind)
    with torch.no_grad():
        wanted = expected(norm, picture(kind))
        y = norm(x)
    assert y.data_ptr() == x.data_ptr()
    assert torch.equal(y, wanted)
    assert torch.equal(x, wanted)


@BOTH
@pytest.mark.parametrize("weights", [torch.float32, torch.bfloat16, torch.float64])
def test_it_writes_the_same_figures_in_any_precision(
    kind: type[Norm], weights: torch.dtype
) -> None:
    norm = filled(kind, saves=True).to(weights)
    x = picture(kind).to(torch.float64 if weights is torch.float64 else torch.bfloat16)
    with torch.no_grad():
        wanted = expected(norm, x.clone())
        assert torch.equal(norm(x), wanted)
    assert x.dtype == wanted.dtype


@BOTH
@pytest.mark.parametrize(("saves", "gradients"), [(False, False), (True, True)])
def test_an_input_that_is_read_again_stays(kind: type[Norm], saves: bool, gradients: bool) -> None:
    norm, x = filled(kind, saves=saves), picture(kind)
    with torch.set_grad_enabled(gradients):
        y = norm(x)
    assert torch.equal(x, picture(kind))
    assert torch.allclose(y, expected(norm, x))


@BOTH
def test_training_normalises_by_the_batch_and_leaves_the_input_alone(kind: type[Norm]) -> None:
    norm, x = filled(kind, saves=True).train(), picture(kind)
    with torch.no_grad():
        y = norm(x)
    assert torch.equal(x, picture(kind))
    assert torch.allclose(y.transpose(0, 1).flatten(1).mean(dim=1), norm.bias, atol=1e-5)
    assert norm.running_mean is not None
    assert norm.running_mean.tolist() != [0.5, -0.5]


def test_the_epsilon_of_norms_over_clips_can_be_set() -> None:
    network = nn.Sequential(BatchNorm3d(2), nn.Sequential(BatchNorm3d(2)), BatchNorm2d(2))
    set_eps(network, 0.5)
    assert [m.eps for m in network.modules() if isinstance(m, Norm)] == [0.5, 0.5, 1e-5]
