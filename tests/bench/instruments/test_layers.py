"""The rows of a network's modules against hand arithmetic, and their sums against the totals."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.errors import BenchError
from bench.instruments import layers, macs, params
from bench.instruments.layers import Layer
from tests.models.networks import SMALL, build, label, small_clip

FLOAT = 4  # bytes


@pytest.mark.parametrize("variant", SMALL, ids=label)
def test_rows_add_up_to_the_totals(variant: tuple[str, dict[str, Any]]) -> None:
    name, options = variant
    with torch.device("meta"):
        model = build(name, **options)
    shape = small_clip(name)
    rows = layers.count(model, shape)
    assert sum(row.macs for row in rows) == macs.count(model, shape).total > 0
    assert sum(row.params for row in rows) == params.count(model)
    assert len({row.name for row in rows}) == len(rows)


class Small(nn.Module):
    """A layer of its own, work of its own, a layer that is called twice and one that never runs."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Linear(2, 5)
        self.projection = nn.Linear(6, 6)
        self.weights = nn.ParameterList(torch.ones(6, 1, 1, 1, 1) for _ in range(2))
        self.stem = nn.Sequential(
            nn.Conv3d(3, 6, 3, padding=1, bias=False), nn.BatchNorm3d(6), nn.ReLU(inplace=True)
        )

    def forward(self, clip: Tensor) -> Tensor:
        x = self.stem(clip)  # N x 6 x T x H x W
        for weight in self.weights:
            x = x + functional.conv3d(x, weight, groups=6)
        return self.projection(self.projection(x.mean((2, 3, 4))))  # N x 6


def test_hand_arithmetic() -> None:
    rows = layers.count(Small(), (2, 3, 4, 8, 8))
    wide, flat = (2, 6, 4, 8, 8), (2, 6)
    elements = 2 * 6 * 4 * 8 * 8
    own_bytes = 2 * 2 * elements * FLOAT + 2 * 6 * FLOAT  # a product and a sum each, and the mean
    assert rows == (
        Layer("(network)", "Small", 2 * 6, elements, own_bytes, flat),
        Layer("stem.0", "Conv3d", 3 * 6 * 27, elements // 2 * 3 * 27, elements * FLOAT, wide),
        Layer("stem.1", "BatchNorm3d", 2 * 6, 0, elements * FLOAT, wide),
        Layer("projection", "Linear", 6 * 6 + 6, 2 * 6 * 6, 2 * 2 * 6 * FLOAT, flat),
        Layer("unused", "Linear", 2 * 5 + 5, 0, 0, ()),
    )


class Forward(nn.Module):
    """A module that is nothing but its forward pass."""

    def __init__(self, forward: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self._forward = forward

    def forward(self, clip: Tensor) -> Any:
        return self._forward(clip)


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        (lambda x: functional.linear(x, torch.ones(5, 16)), 2 * 3 * 16 * 5),
        (lambda x: torch.einsum("ncl,ncm->nlm", x, x), 2 * 16 * 16 * 3),
        (lambda x: functional.scaled_dot_product_attention(x, x, x), 2 * (2 * 3 * 3 * 16)),
        (lambda x: x @ x.mT, 2 * 3 * 3 * 16),
    ],
    ids=["linear", "einsum", "attention", "matmul"],
)
def test_products_that_torch_decomposes(product: Callable[[Tensor], Tensor], expected: int) -> None:
    model = Forward(lambda clip: product(clip.flatten(2)))  # N x 3 x L
    (row,) = layers.count(model, (2, 3, 1, 4, 4))
    assert 2 * row.macs == macs.count(model, (2, 3, 1, 4, 4)).total == expected


def test_work_behind_a_caught_error_is_the_catchers() -> None:
    class Failing(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise ValueError("not with me")

    class Catching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Sequential(Failing())

        def forward(self, clip: Tensor) -> Tensor:
            try:
                return self.first(clip)
            except ValueError:
                return clip.mean((2, 3, 4))

    (row,) = layers.count(Catching(), (1, 3, 1, 4, 4))
    assert (row.name, row.activation_bytes, row.output_shape) == ("(network)", 3 * FLOAT, (1, 3))


def test_views_and_in_place_operators_allocate_nothing() -> None:
    assert layers.count(Forward(lambda clip: clip.flatten(2).relu_()), (2, 3, 1, 4, 4)) == ()


@pytest.mark.parametrize(
    ("output", "shape"), [({"n": 1, "logits": torch.ones(2, 3)}, (2, 3)), (None, ())]
)
def test_the_shape_is_of_the_first_tensor(output: object, shape: tuple[int, ...]) -> None:
    def forward(clip: Tensor) -> object:
        clip.clone()
        return output

    (row,) = layers.count(Forward(forward), (1, 3, 1, 2, 2))
    assert row.output_shape == shape
    assert row.activation_bytes == 3 * 2 * 2 * FLOAT


def test_a_shared_parameter_belongs_to_its_first_owner() -> None:
    first, second = (nn.Linear(12, 12, bias=False) for _ in range(2))
    second.weight = first.weight
    rows = layers.count(nn.Sequential(nn.Flatten(), first, second), (1, 3, 1, 2, 2))
    assert [(row.name, row.params, row.macs) for row in rows] == [("1", 144, 144), ("2", 0, 144)]


def test_parameters_in_containers_belong_to_the_module_that_uses_them() -> None:
    model = Forward(lambda clip: clip)
    model.held = nn.ModuleList([nn.ParameterDict({"scale": torch.ones(7)})])
    assert layers.count(nn.Sequential(model), (1, 3, 1, 2, 2)) == (
        Layer("0", "Forward", 7, 0, 0, (1, 3, 1, 2, 2)),
    )


def test_what_a_hook_does_is_the_work_of_its_module() -> None:
    model = nn.Sequential(nn.Flatten())
    model.register_forward_pre_hook(lambda module, args: args[0].clone())
    model.register_forward_hook(lambda module, args, out: out.clone())
    (row,) = layers.count(model, (1, 3, 1, 2, 2))
    assert (row.name, row.activation_bytes) == ("(network)", 2 * 12 * FLOAT)


def assert_untouched(model: Small, before: dict[str, Tensor]) -> None:
    assert model.training
    assert not model.stem[1].training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    for module in model.modules():
        assert not module._forward_pre_hooks
        assert not module._forward_hooks


def test_the_model_is_left_as_it_was() -> None:
    model = Small().train()
    model.stem[1].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    layers.count(model, (1, 3, 2, 8, 8))
    assert_untouched(model, before)
    with pytest.raises(RuntimeError, match="channel"):
        layers.count(model, (1, 4, 2, 8, 8))
    assert_untouched(model, before)


@pytest.mark.parametrize("shape", [(1, 3, 4, 8), (1, 3, 0, 8, 8), (1, 3, 4, 8, 8.0)])
def test_a_shape_that_is_no_clip_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BenchError, match=r"\(N, C, T, H, W\)"):
        layers.count(Small(), shape)
