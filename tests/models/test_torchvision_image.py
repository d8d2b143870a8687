from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision

import models
from models.tam import Aggregation
from models.torchvision_image import FAMILIES
from models.tsm import TemporalShift
from tests.models.networks import logits
from tests.models.torchvision_images import lively_norms

# network -> its residual branches, counted in the papers' tables
BRANCHES = {
    "mobilenet_v2": 10,
    "mobilenet_v3_small": 6,
    "mobilenet_v3_large": 10,
    "efficientnet_b0": 9,
    "resnext50_32x4d": 16,
    "wide_resnet101_2": 33,
    "convnext_tiny": 18,
}
ONE_OF_EACH = ["mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0", "convnext_tiny"]


def build(name: str, backbone: str, frames: int = 4) -> Any:
    return models.create_model(name, num_classes=5, frames=frames, backbone=backbone)


@pytest.mark.parametrize("backbone", FAMILIES)
def test_every_backbone_takes_temporal_modules(backbone: str) -> None:
    with torch.device("meta"):
        model = build("tam", backbone)
        assert model(torch.empty(2, 3, 4, 64, 64)).shape == (2, 5)
    assert any(isinstance(module, Aggregation) for module in model.modules())
    assert [m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)] == [0.5]


@pytest.mark.parametrize(("backbone", "branches"), BRANCHES.items())
@pytest.mark.parametrize(("name", "kind"), [("tsm", TemporalShift), ("tam", Aggregation)])
def test_modules_stand_in_the_residual_branches(
    backbone: str, branches: int, name: str, kind: type
) -> None:
    with torch.device("meta"):
        model = build(name, backbone)
    assert sum(isinstance(module, kind) for module in model.modules()) == branches


@pytest.mark.parametrize("backbone", ONE_OF_EACH)
def test_an_image_checkpoint_gives_torchvisions_network(backbone: str, tmp_path: Path) -> None:
    theirs: Any = lively_norms(torchvision.models.get_model(backbone, weights=None))
    torch.save(theirs.state_dict(), tmp_path / "image.pth")
    ours = build("tsn", backbone, frames=1).double().eval()
    report = models.load_image_checkpoint(ours, tmp_path / "image.pth")
    classifier = FAMILIES[backbone].classifier
    assert set(report.left_out) == {f"{classifier}.weight", f"{classifier}.bias"}
    ours.head.classifier = theirs.get_submodule(classifier)
    image = torch.randn(2, 3, 45, 67, dtype=torch.float64)
    torch.testing.assert_close(logits(ours, image.unsqueeze(2)), logits(theirs, image))


def steady(model: Any) -> Any:
    """`model` with batch statistics, in which every block matters and nothing is random."""
    for module in model.double().train().modules():
        if hasattr(module, "p"):  # dropout, or blocks left out
            module.p = 0
        if hasattr(module, "layer_scale"):  # at first, almost 0
            torch.nn.init.ones_(module.layer_scale)
    return model


@pytest.mark.parametrize("backbone", ONE_OF_EACH)
@pytest.mark.parametrize("name", ["tsn", "tsm", "tam"])
def test_all_but_tsn_see_the_order_of_frames(name: str, backbone: str) -> None:
    torch.manual_seed(0)
    model = steady(build(name, backbone))
    clip = torch.randn(2, 3, 4, 64, 64, dtype=torch.float64)
    one, other = logits(model, clip), logits(model, clip[:, :, [0, 2, 1, 3]])
    is_blind = (one - other).abs().max() <= 1e-6 * one.abs().max()
    assert is_blind == (name == "tsn")


@pytest.mark.parametrize("option", [{"width": 0.5}, {"temporal_pooling": "max"}, {"depth": 50}])
def test_torchvisions_networks_have_one_form(option: dict[str, Any]) -> None:
    with pytest.raises(models.NetworkError, match="mobilenet_v2"):
        models.create_model("tsm", num_classes=5, frames=4, backbone="mobilenet_v2", **option)
