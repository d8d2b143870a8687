"""Names of the zoos' files, beside those of the oracle."""

from pathlib import Path
from typing import Any

import pytest
import torch

import models
from models.layouts import Layout, best_layout
from models.zoo_layouts import MMACTION2, PYTORCHVIDEO, SLOWFAST
from tests.models import checkpoints

# our name -> the names in PyTorchVideo, SlowFast and MMAction2
NAMES: dict[str, tuple[str, str, str]] = {
    "stem.conv1.weight": (
        "blocks.0.conv.weight",
        "s1.pathway0_stem.conv.weight",
        "backbone.conv1.conv.weight",
    ),
    "stem.bn1.bias": ("blocks.0.norm.bias", "s1.pathway0_stem.bn.bias", "backbone.conv1.bn.bias"),
    "stages.2.11.residual.conv2.weight": (
        "blocks.3.res_blocks.11.branch2.conv_b.weight",
        "s4.pathway0_res11.branch2.b.weight",
        "backbone.layer3.11.conv2.conv.weight",
    ),
    "stages.0.1.residual.bn3.running_var": (
        "blocks.1.res_blocks.1.branch2.norm_c.running_var",
        "s2.pathway0_res1.branch2.c_bn.running_var",
        "backbone.layer1.1.conv3.bn.running_var",
    ),
    "stages.3.0.downsample.0.weight": (
        "blocks.4.res_blocks.0.branch1_conv.weight",
        "s5.pathway0_res0.branch1.weight",
        "backbone.layer4.0.downsample.conv.weight",
    ),
    "stages.3.0.downsample.1.bias": (
        "blocks.4.res_blocks.0.branch1_norm.bias",
        "s5.pathway0_res0.branch1_bn.bias",
        "backbone.layer4.0.downsample.bn.bias",
    ),
    "head.classifier.bias": ("blocks.5.proj.bias", "head.projection.bias", "cls_head.fc_cls.bias"),
}


@pytest.mark.parametrize("ours", NAMES)
def test_names_of_the_zoos(ours: str) -> None:
    layouts: tuple[Layout, ...] = (PYTORCHVIDEO, SLOWFAST, MMACTION2)
    assert tuple(layout.rename(ours) for layout in layouts) == NAMES[ours]


@pytest.mark.parametrize(
    ("name", "depth", "block", "layer"),
    [
        ("tsn", 50, 1, "conv1.conv.weight"),
        ("tsm", 50, 1, "conv1.conv.net.weight"),
        ("tsm", 101, 1, "conv1.conv.weight"),
        ("tsm", 101, 2, "conv1.conv.net.weight"),
    ],
)
def test_names_of_mmaction2s_networks_over_frames(
    name: str, depth: int, block: int, layer: str
) -> None:
    with torch.device("meta"):
        ours = models.create_model(name, num_classes=5, frames=8, depth=depth).state_dict()
    theirs = f"backbone.layer1.{block}.{layer}"
    file = dict.fromkeys((theirs, "backbone.conv1.bn.bias", "cls_head.fc_cls.bias"))
    shifted = (
        [f"backbone.layer1.{n}.conv1.conv.net.weight" for n in (0, 2)] if name == "tsm" else []
    )
    layout = best_layout(models.get_network(name).layouts, ours, {**file, **dict.fromkeys(shifted)})
    assert layout.rename(f"trunk.stages.0.{block}.residual.conv1.weight") == theirs
    assert layout.rename("trunk.stem.bn1.bias") == "backbone.conv1.bn.bias"


@pytest.mark.parametrize(
    ("name", "option", "theirs", "ours"),
    [
        ("c2d", "temporal_pooling", "max", "none"),
        ("c2d", "temporal_pooling", "none", "max"),
        ("i3d_3x1x1", "stem_stride", 1, 4),
        ("i3d_3x1x1", "stem_stride", 4, 1),
        ("x3d", "shortcut_norms", "all", "widening"),
        ("x3d", "shortcut_norms", "widening", "all"),
    ],
)
def test_a_file_of_a_network_with_the_same_weights_and_other_options(
    name: str, option: str, theirs: Any, ours: Any, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.pyth"
    source, other = (checkpoints.build(name, **{option: value}) for value in (theirs, ours))
    layout = next(
        one for one in models.get_network(name).layouts if (option, theirs) in one.options
    )
    state = checkpoints.weights(source)
    torch.save({"model_state": {layout.rename(key): state[key] for key in state}}, path)
    with checkpoints.refused(path, other) as errors:
        models.load_checkpoint(other, path)
    assert str(errors[0]) == (
        f"{path}: is of a network with {option}={theirs}, this one has {ours}: "
        f"build it with {option}={theirs}"
    )
    models.load_checkpoint(checkpoints.scrambled(source, seed=2), path)
    assert checkpoints.same(checkpoints.weights(source), state)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("slowfast", "its lateral convolutions have neither norms nor ReLUs"),
        ("r2plus1d", "its stem has a max-pool and its shortcuts have two convolutions"),
        ("c2d", "without temporal pooling it is tsn"),
    ],
)
def test_a_file_of_another_network_of_the_same_name(name: str, reason: str, tmp_path: Path) -> None:
    model, path = checkpoints.build(name), tmp_path / "mm.pth"
    names = ("backbone.conv1.conv.weight", "cls_head.fc_cls.weight")
    torch.save({"state_dict": {name: torch.ones(2) for name in names}}, path)
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path)
    assert f"MMAction2's {name} is another network: " in str(errors[0])
    assert reason in str(errors[0])
