from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision

import models
from models.layouts import Layout
from models.tam import Aggregation
from models.torchvision_image import NAMES, RESIDUAL, TorchvisionTrunk, find_size
from models.tsm import TemporalShift
from models.tsn import RESNET_RULES
from tests.models.networks import logits
from tests.models.torchvision_images import ONE_OF_EACH, lively_norms

# network -> its residual branches, counted in the papers' tables
BRANCHES = {
    "mobilenet_v2": 10,
    "mobilenet_v3_small": 6,
    "mobilenet_v3_large": 10,
    "efficientnet_b0": 9,
    "mnasnet0_5": 10,
    "regnet_x_400mf": 22,
    "regnet_y_800mf": 14,
    "resnext50_32x4d": 16,
    "wide_resnet101_2": 33,
    "convnext_tiny": 18,
}
ONE_PLAIN = ["alexnet", "vgg11", "inception_v3", "densenet121", "shufflenet_v2_x0_5", "swin_t"]


def build(name: str, backbone: str, frames: int = 4) -> Any:
    return models.create_model(name, num_classes=5, frames=frames, backbone=backbone)


def size_of(model: Any) -> int:
    return model.trunk.input_size or 96


@pytest.mark.parametrize("backbone", NAMES)
def test_every_backbone_takes_temporal_modules_if_it_has_residual_branches(backbone: str) -> None:
    with torch.device("meta"):
        model = build("tam" if backbone in RESIDUAL else "tsn", backbone)
        size = size_of(model)
        assert model(torch.empty(2, 3, 4, size, size)).shape == (2, 5)
    has_places = any("temporal" in name for name, _ in model.named_modules())
    assert has_places == (backbone in RESIDUAL)
    assert [m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)] == [0.5]


@pytest.mark.parametrize("name", ["tsm", "tam"])
def test_a_backbone_without_residual_branches_takes_no_temporal_modules(name: str) -> None:
    with pytest.raises(models.NetworkError, match=r"backbone of .* is one of .*, not 'swin_t'"):
        build(name, "swin_t")


def test_a_backbone_knows_the_size_of_its_position_embeddings() -> None:
    assert [find_size(name) for name in ("vit_l_32", "swin_t", "regnet_y_400mf")] == [
        224,
        None,
        None,
    ]


def test_a_vit_takes_frames_of_one_size() -> None:
    with torch.device("meta"):
        model = build("tsn", "vit_b_16")
        with pytest.raises(models.NetworkError, match="frames of 224 x 224 pixels, not 96 x 128"):
            model(torch.empty(1, 3, 4, 96, 128))


@pytest.mark.parametrize(("backbone", "branches"), BRANCHES.items())
@pytest.mark.parametrize(("name", "kind"), [("tsm", TemporalShift), ("tam", Aggregation)])
def test_modules_stand_in_the_residual_branches(
    backbone: str, branches: int, name: str, kind: type
) -> None:
    with torch.device("meta"):
        model = build(name, backbone)
    assert sum(isinstance(module, kind) for module in model.modules()) == branches


@pytest.mark.parametrize("backbone", [*ONE_OF_EACH, *ONE_PLAIN])
def test_an_image_checkpoint_gives_torchvisions_network(backbone: str, tmp_path: Path) -> None:
    options = {"init_weights": True} if backbone == "inception_v3" else {}
    theirs: Any = lively_norms(torchvision.models.get_model(backbone, weights=None, **options))
    torch.save(theirs.state_dict(), tmp_path / "image.pth")
    ours = build("tsn", backbone, frames=1).double().eval()
    report = models.load_image_checkpoint(ours, tmp_path / "image.pth")
    linear = [name for name, m in theirs.named_modules() if isinstance(m, torch.nn.Linear)]
    own = {name for name in report.left_out if not name.startswith("AuxLogits.")}
    assert own == {f"{linear[-1]}.weight", f"{linear[-1]}.bias"}
    ours.head.classifier = theirs.get_submodule(linear[-1])
    image = torch.randn(2, 3, 85, 107, dtype=torch.float64)
    torch.testing.assert_close(logits(ours, image.unsqueeze(2)), logits(theirs, image))


def test_a_file_of_mmaction2(tmp_path: Path) -> None:
    """Its TSN over a network of torchvision classifies with a layer of its own."""
    theirs: Any = lively_norms(torchvision.models.densenet121(weights=None, num_classes=5))
    file = {
        f"backbone.{name}".replace("backbone.classifier.", "cls_head.fc_cls."): value
        for name, value in theirs.state_dict().items()
    }
    torch.save({"meta": {}, "state_dict": file}, tmp_path / "tsn.pth")
    ours = build("tsn", "densenet121", frames=1).double().eval()
    assert set(models.load_checkpoint(ours, tmp_path / "tsn.pth").loaded) == set(file)
    image = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    torch.testing.assert_close(logits(ours, image.unsqueeze(2)), logits(theirs, image))


def test_modules_stand_where_they_do_in_our_resnet() -> None:
    """With the same weights, a torchvision ResNet that shifts has the features of ours."""
    torch.manual_seed(0)
    ours: Any = models.create_model("tsm", num_classes=5, frames=4, depth=18)
    lively_norms(ours)
    theirs = TorchvisionTrunk("resnet18", lambda channels, frames: TemporalShift(frames), frames=4)
    layout = Layout(RESNET_RULES)
    state = {layout.rename(name): value for name, value in ours.state_dict().items()}
    names = {name: name.replace(".layer.", ".") for name in theirs.network.state_dict()}
    theirs.network.load_state_dict({name: state[plain] for name, plain in names.items()})
    frames = torch.randn(8, 3, 45, 67, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(theirs.double().eval()([frames]), ours.trunk([frames]))


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
