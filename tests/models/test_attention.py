import pytest
import torch
from torch import nn

from models.attention import Attention, Residual, StochasticDepth, attend


@pytest.mark.parametrize("shape", [(2, 5, 8), (2, 3, 4, 5, 8)])
def test_both_ways_to_attend_agree(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    query, key, value = (torch.randn(shape, dtype=torch.float64) for _ in range(3))
    fewer = query[..., :2, :]
    one, other = (attend(fewer, key, value, stores_weights=stores) for stores in (False, True))
    assert one.shape == fewer.shape
    torch.testing.assert_close(one, other)


def test_equal_keys_give_the_mean_of_the_values() -> None:
    key, value = torch.ones(1, 4, 2), torch.arange(8.0).view(1, 4, 2)
    for stores in (False, True):
        found = attend(torch.randn(1, 3, 2), key, value, stores_weights=stores)
        torch.testing.assert_close(found, torch.tensor([[[3.0, 4.0]] * 3]))


def test_attention_of_equal_tokens_is_their_value() -> None:
    module = Attention(8, 2, stores_weights=False)
    nn.init.eye_(module.proj.weight)
    nn.init.zeros_(module.proj.bias)
    token = torch.randn(1, 1, 8)
    value = module.qkv(token)[..., 16:]
    torch.testing.assert_close(module(token.expand(1, 6, 8)), value.expand(1, 6, 8))


def test_stochastic_depth_drops_whole_clips_in_training_alone() -> None:
    torch.manual_seed(0)
    drop, x = StochasticDepth(0.25), torch.ones(4000, 2, 3)
    out = drop(x)
    factors = out[:, 0, 0]
    torch.testing.assert_close(out, factors[:, None, None].expand_as(x))
    assert factors.unique().tolist() == [0.0, pytest.approx(4 / 3)]
    assert (factors == 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert drop.eval()(x) is x


def test_a_residual_adds_its_layers_in_order() -> None:
    one, two = nn.Linear(2, 2), nn.ReLU()
    module, x = Residual(one=one, two=two), torch.randn(3, 2)
    torch.testing.assert_close(module(x), x + two(one(x)))
    dropped = Residual(1.0, one=one, two=two)
    assert torch.equal(dropped(x), x)
    torch.testing.assert_close(dropped.eval()(x), module(x))
