import pytest
import torch
from torch import Tensor, nn

from models.norm import BatchNorm2d


def filled() -> BatchNorm2d:
    norm = BatchNorm2d(2).eval()
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([2.0, 3.0]))
        norm.bias.copy_(torch.tensor([1.0, -1.0]))
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.copy_(torch.tensor([0.5, -0.5]))
    norm.running_var.copy_(torch.tensor([4.0, 9.0]))
    return norm


def picture() -> Tensor:
    return torch.arange(16.0).reshape(2, 2, 2, 2)


def expected(norm: BatchNorm2d, x: Tensor) -> Tensor:
    return nn.functional.batch_norm(
        x, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
    )


def test_where_it_may_it_writes_the_same_figures_over_its_input() -> None:
    norm, x = filled(), picture()
    norm.overwrites = True
    with torch.no_grad():
        wanted = expected(norm, picture())
        y = norm(x)
    assert y.data_ptr() == x.data_ptr()
    assert torch.allclose(y, wanted)
    assert torch.allclose(x, wanted)


@pytest.mark.parametrize(("overwrites", "gradients"), [(False, False), (True, True)])
def test_an_input_that_is_read_again_stays(overwrites: bool, gradients: bool) -> None:
    norm, x = filled(), picture()
    norm.overwrites = overwrites
    with torch.set_grad_enabled(gradients):
        y = norm(x)
    assert torch.equal(x, picture())
    assert torch.allclose(y, expected(norm, x))


def test_training_normalises_by_the_batch_and_leaves_the_input_alone() -> None:
    norm, x = filled().train(), picture()
    norm.overwrites = True
    with torch.no_grad():
        y = norm(x)
    assert torch.equal(x, picture())
    assert torch.allclose(y.mean(dim=(0, 2, 3)), norm.bias, atol=1e-5)
    assert norm.running_mean is not None
    assert norm.running_mean.tolist() != [0.5, -0.5]
