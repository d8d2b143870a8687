import pytest
import torch
from torch import nn

from models.x3d import SqueezeExcitation, shortcut
from tests.models.networks import build


def test_variants_of_one_network_differ_in_their_clips_alone() -> None:
    with torch.device("meta"):
        shapes = [
            {name: value.shape for name, value in build("x3d", variant=v).state_dict().items()}
            for v in ("xs", "s", "m", "l")
        ]
    assert shapes[0] == shapes[1] == shapes[2]
    assert len(shapes[3]) > len(shapes[2])


@pytest.mark.parametrize(("variant", "blocks", "excited"), [("m", 26, 15), ("l", 55, 29)])
def test_every_second_block_excites(variant: str, blocks: int, excited: int) -> None:
    with torch.device("meta"):
        model = build("x3d", variant=variant)
    modules = [*model.modules()]
    assert sum(isinstance(m, nn.SiLU) for m in modules) == blocks
    assert sum(isinstance(m, SqueezeExcitation) for m in modules) == excited


def test_an_excitation_scales_each_channel() -> None:
    torch.manual_seed(0)
    module, x = SqueezeExcitation(4, 4), torch.randn(2, 4, 3, 5, 5)
    factors = module(x) / x
    torch.testing.assert_close(factors, factors[:, :, :1, :1, :1].expand_as(x))
    assert ((factors > 0) & (factors < 1)).all()
    assert len(factors[:, :, 0, 0, 0].unique()) == 8


def test_a_shortcut_has_a_norm_only_where_channels_change() -> None:
    assert [*shortcut(4, 8, (1, 2, 2))] == ["conv", "bn"]
    assert [*shortcut(4, 4, (1, 2, 2))] == ["conv"]
    assert [*shortcut(4, 4, (1, 1, 1))] == []
