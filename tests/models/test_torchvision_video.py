import pytest
import torch
from torchvision.models import WeightsEnum
from torchvision.models.video import (
    MViT_V1_B_Weights,
    MViT_V2_S_Weights,
    Swin3D_B_Weights,
    Swin3D_S_Weights,
    Swin3D_T_Weights,
)

import models
from bench.instruments import macs, params
from tests.models.networks import build, logits, small_clip


def test_torchvision_names_a_network_that_clashes_with_a_prefix() -> None:
    with torch.device("meta"):
        theirs = build("torchvision_s3d")
    assert type(theirs.network).__module__.startswith("torchvision.")
    assert "torchvision_mvit_v2_s" not in models.list_models()


def test_mvit_takes_one_size_only() -> None:
    with pytest.raises(models.NetworkError, match="takes 16 frames, not 8"):
        models.create_model("mvit_v2_s", num_classes=6, frames=8)
    with torch.device("meta"):
        model = build("mvit_v2_s")
        with pytest.raises(models.NetworkError, match="224 x 224 pixels, not 112 x 112"):
            model(torch.empty(1, 3, 16, 112, 112))


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("mvit_v1_b", MViT_V1_B_Weights.KINETICS400_V1),
        ("mvit_v2_s", MViT_V2_S_Weights.KINETICS400_V1),
        ("swin3d_t", Swin3D_T_Weights.KINETICS400_V1),
        ("swin3d_s", Swin3D_S_Weights.KINETICS400_V1),
        ("swin3d_b", Swin3D_B_Weights.KINETICS400_V1),
    ],
)
def test_the_transformers_cost_what_torchvision_prints(name: str, weights: WeightsEnum) -> None:
    with torch.device("meta"):
        model = models.create_model(name, num_classes=400, frames=16)
    counted = macs.count(model, (1, 3, 16, 224, 224))
    assert counted.uncounted == {}
    assert round(counted.total / 1e9, 3) == weights.meta["_ops"]
    assert params.count(model) == weights.meta["num_params"]


@pytest.mark.parametrize("name", ["mvit_v1_b", "mvit_v2_s", "swin3d_t"])
def test_the_transformers_see_the_order_of_frames(name: str) -> None:
    torch.manual_seed(0)
    model, clip = build(name).eval(), torch.randn(small_clip(name))
    one, other = logits(model, clip), logits(model, clip.flip(2))
    assert (one - other).abs().max() > 1e-3 * one.abs().max()
