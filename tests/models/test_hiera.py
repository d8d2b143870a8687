import pytest
import torch
from torch import nn

import models
from bench.instruments import macs, params
from models.hiera import BIAS, Attention, Embedding, pool
from tests.models.networks import build


# GMACs of a view, counted when the logits were compared with the authors' package, and millions of
# parameters: 204, 278 and 852 MB are the published files of the first three.
@pytest.mark.parametrize(
    ("variant", "gmacs", "params_m"),
    [("base", 101.7, 51), ("base_plus", 132.3, 69), ("large", 412.1, 213), ("huge", 1157.8, 672)],
)
def test_the_cost_of_variants(variant: str, gmacs: float, params_m: int) -> None:
    with torch.device("meta"):
        model = models.create_model("hiera", num_classes=400, frames=16, variant=variant)
    counted = macs.count(model, (1, 3, 16, 224, 224))
    assert counted.uncounted == {}
    assert counted.total / 1e9 == pytest.approx(gmacs, abs=0.05)
    assert round(params.count(model) / 1e6) == params_m


def test_tokens_are_ordered_by_units_with_neighbours_first() -> None:
    embedding = Embedding(1, frames=2)
    nn.init.zeros_(embedding.temporal)
    rows = torch.arange(56.0)[:, None].expand(56, 56)
    columns = torch.arange(56.0).expand(56, 56)
    nn.init.zeros_(embedding.proj.weight)
    assert embedding.proj.bias is not None
    nn.init.zeros_(embedding.proj.bias)
    with torch.no_grad():
        embedding.spatial.copy_((100 * rows + columns).reshape(1, 56 * 56, 1))
        tokens = embedding(torch.zeros(1, 3, 2, 224, 224))
    assert tokens.shape == (1, 49, 64, 1)
    unit = tokens[0, 8, :, 0].view(2, 2, 2, 2, 2, 2)  # of the second row and column of units
    assert unit[0, 0, 0, 0, 0, 0] == 808
    assert unit[1, 0, 0, 0, 0, 0] == 908  # the next row
    assert unit[0, 1, 0, 0, 0, 0] == 809
    assert unit[0, 0, 1, 0, 0, 0] == 1008  # two rows on
    assert unit[1, 1, 1, 1, 1, 1] == 1515


def test_pooling_takes_the_largest_of_four_neighbours() -> None:
    x = torch.arange(64.0).view(1, 1, 64, 1)
    assert pool(x).flatten().tolist() == list(range(48, 64))


@pytest.mark.parametrize("local", [True, False])
def test_only_local_attention_ends_at_the_unit(local: bool) -> None:
    torch.manual_seed(0)
    module = Attention(8, 8, 2, local=local, stores_weights=False)
    x = torch.randn(1, 3, 16, 8)
    changed = x.clone()
    changed[:, 0, 5] += 1
    with torch.no_grad():
        is_same = (module(x) == module(changed)).all(dim=-1).all(dim=2)[0].tolist()
    assert is_same == ([False, True, True] if local else [False, False, False])


def test_each_stage_has_fewer_places_and_more_channels() -> None:
    with torch.device("meta"):
        model = models.create_model("hiera", num_classes=5, frames=16)
        x = model.get_submodule("embedding")(torch.empty(1, 3, 16, 224, 224))
        shapes = [x.shape[1:]]
        for block in model.get_submodule("blocks").children():
            x = block([x])
            shapes.append(x.shape[1:])
    assert list(dict.fromkeys(map(tuple, shapes))) == [
        (392, 64, 96),
        (392, 16, 192),
        (392, 4, 384),
        (392, 1, 768),
    ]
    attentions = [m for m in model.modules() if isinstance(m, Attention)]
    assert [m.local for m in attentions] == [True] * 6 + [False] * 18


def test_it_starts_as_its_authors_start_it() -> None:
    model = build("hiera")
    weight = model.get_parameter("blocks.10.mlp.branch.fc1.weight")
    assert weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert (model.get_parameter("blocks.10.attention.branch.norm.bias") == BIAS).all()
    assert model.get_parameter("head.weight").std().item() == pytest.approx(2e-5, rel=0.1)


def test_it_takes_its_own_size_alone() -> None:
    with torch.device("meta"), pytest.raises(models.NetworkError, match="224 x 224 pixels, not 64"):
        build("hiera")(torch.empty(1, 3, 4, 64, 64))
    with pytest.raises(models.NetworkError, match="a multiple of 2 frames, not 3"):
        models.create_model("hiera", num_classes=5, frames=3)


def test_names_in_the_authors_files() -> None:
    names = {
        "embedding.proj.weight": "patch_embed.proj.weight",
        "embedding.spatial": "pos_embed_spatial",
        "embedding.temporal": "pos_embed_temporal",
        "blocks.2.attention.norm.bias": "blocks.2.norm1.bias",
        "blocks.2.attention.attn.shortcut.weight": "blocks.2.proj.weight",
        "blocks.2.attention.attn.attention.qkv.weight": "blocks.2.attn.qkv.weight",
        "blocks.3.attention.branch.norm.weight": "blocks.3.norm1.weight",
        "blocks.3.attention.branch.attn.proj.bias": "blocks.3.attn.proj.bias",
        "blocks.23.mlp.branch.norm.weight": "blocks.23.norm2.weight",
        "blocks.23.mlp.branch.fc1.weight": "blocks.23.mlp.fc1.weight",
        "norm.weight": "norm.weight",
        "head.bias": "head.projection.bias",
    }
    (layout,) = models.get_network("hiera").layouts
    assert {ours: layout.rename(ours) for ours in names} == names
