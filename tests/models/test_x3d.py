from pathlib import Path

import pytest
import torch
from torch import nn

import models
from models.x3d import MMACTION2, SLOWFAST, SqueezeExcitation, shortcut
from tests.models import checkpoints
from tests.models.networks import build
from tests.models.zoo_counter import count_layers


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
    assert [*shortcut(4, 8, (1, 2, 2), "widening")] == ["conv", "bn"]
    assert [*shortcut(4, 4, (1, 2, 2), "widening")] == ["conv"]
    assert [*shortcut(4, 4, (1, 1, 1), "widening")] == []


def test_the_authors_shortcuts_all_have_norms() -> None:
    assert [*shortcut(4, 8, (1, 2, 2), "all")] == ["conv", "bn"]
    assert [*shortcut(4, 4, (1, 2, 2), "all")] == ["conv", "bn"]
    assert [*shortcut(4, 4, (1, 1, 1), "all")] == []


@pytest.mark.parametrize(
    ("frames", "size", "printed"), [(13, 192, 2_967_543_760), (16, 256, 6_490_866_832)]
)
def test_figures_that_mmaction2_prints(frames: int, size: int, printed: int) -> None:
    """Those of configs/recognition/x3d/metafile.yml, to the last digit."""
    excitations: list[int] = []
    with torch.device("meta"):
        model = models.create_model(
            "x3d", num_classes=400, frames=frames, shortcut_norms="all", formulation="published"
        )
    for module in model.modules():
        if isinstance(module, SqueezeExcitation):  # has a pool and a ReLU that are layers there
            module.register_forward_hook(
                lambda module, inputs, _: excitations.append(
                    inputs[0].numel() + module.reduce.out_channels
                )
            )
    assert count_layers(model, (1, 3, frames, size, size)) + sum(excitations) == printed
    assert sum(p.numel() for p in model.parameters()) == 3_794_322


# our name -> the names in SlowFast and in MMAction2
NAMES = {
    "stem.conv1_s.weight": ("s1.pathway0_stem.conv_xy.weight", "backbone.conv1_s.conv.weight"),
    "stem.conv1_t.weight": ("s1.pathway0_stem.conv.weight", "backbone.conv1_t.conv.weight"),
    "stem.bn1.bias": ("s1.pathway0_stem.bn.bias", "backbone.conv1_t.bn.bias"),
    "stages.0.0.downsample.1.bias": (
        "s2.pathway0_res0.branch1_bn.bias",
        "backbone.layer1.0.downsample.bn.bias",
    ),
    "stages.2.4.residual.conv2.weight": (
        "s4.pathway0_res4.branch2.b.weight",
        "backbone.layer3.4.conv2.conv.weight",
    ),
    "stages.2.4.residual.excitation.expand.bias": (
        "s4.pathway0_res4.branch2.se.fc2.bias",
        "backbone.layer3.4.se_module.fc2.bias",
    ),
    "features.conv1.weight": ("head.conv_5.weight", "backbone.conv5.conv.weight"),
    "features.bn1.weight": ("head.conv_5_bn.weight", "backbone.conv5.bn.weight"),
    "features.conv2.weight": ("head.lin_5.weight", "cls_head.fc1.weight"),
    "head.classifier.bias": ("head.projection.bias", "cls_head.fc2.bias"),
}


@pytest.mark.parametrize("ours", NAMES)
def test_names_in_the_files_of_the_authors_and_of_mmaction2(ours: str) -> None:
    assert (SLOWFAST.rename(ours), MMACTION2.rename(ours)) == NAMES[ours]


def test_mmaction2_has_a_linear_layer_for_the_last_convolution(tmp_path: Path) -> None:
    source, model = (checkpoints.build("x3d", seed=n, shortcut_norms="all") for n in (1, 2))
    state = checkpoints.weights(source)
    file = {MMACTION2.rename(name): value for name, value in state.items()}
    file["cls_head.fc1.weight"] = file["cls_head.fc1.weight"].flatten(1)
    torch.save({"state_dict": file}, tmp_path / "x3d.pth")
    report = models.load_checkpoint(model, tmp_path / "x3d.pth")
    assert report.inflated == ()
    assert checkpoints.same(checkpoints.weights(model), state)
