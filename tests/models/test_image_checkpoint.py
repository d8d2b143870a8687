"""Video networks are initialised from the files of image networks."""

import re
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn

import models
from models.layouts import VIDEO_ONLY
from models.zoo_layouts import SLOWFAST
from tests.models import checkpoints, networks

RESNET = ("tsn", "tsm", "tam", "c2d", "i3d_resnet", "s3d_resnet")
INCEPTION: list[tuple[str, dict[str, Any]]] = [
    ("tsn", {"backbone": "inception_v1"}),
    ("tam", {"backbone": "inception_v1"}),
    ("i3d", {}),
    ("s3d", {}),
]
BIG_LITTLE = ("tsn_blnet", "blvnet", "blvnet_tam")
OWN = re.compile(rf"^head\.classifier\.|{VIDEO_ONLY.pattern}")  # not in image files


@pytest.fixture(scope="module")
def resnet18() -> nn.Module:
    return checkpoints.scrambled(torchvision.models.resnet18(weights=None), seed=1)


@pytest.fixture(scope="module")
def googlenet() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision's, about how it starts the weights
        network = torchvision.models.googlenet(
            weights=None, init_weights=False, aux_logits=True, num_classes=1000
        )
    return checkpoints.scrambled(network, seed=1)


def check(model: nn.Module, image: dict[str, Tensor], path: Path) -> models.LoadReport:
    """Load `image` into `model` and check which weights changed, and their values."""
    torch.save(image, path)
    before = checkpoints.weights(model)
    report = models.load_image_checkpoint(model, path)
    after = checkpoints.weights(model)
    started = [name for name in after if not OWN.search(name)]
    assert set(report.kept) == after.keys() - set(started)
    assert all(torch.equal(after[name], before[name]) for name in report.kept)
    inflated = []
    for ours, theirs in zip(started, report.loaded, strict=True):
        value = image[theirs]
        if value.dim() == 4 and after[ours].dim() == 5:
            inflated.append(theirs)
            for kernel in after[ours].unbind(dim=2):
                assert torch.equal(kernel, value)
        else:
            assert torch.equal(after[ours], value)
    assert report.inflated == tuple(inflated)
    assert set(report.loaded) | set(report.left_out) == image.keys()
    assert {name.partition(".")[0] for name in report.left_out} <= {"fc", "aux1", "aux2"}
    assert report.classifier == "replace"
    return report


@pytest.mark.parametrize("name", RESNET)
def test_resnet(name: str, resnet18: nn.Module, tmp_path: Path) -> None:
    model = checkpoints.scrambled(networks.build(name, depth=18), seed=0)
    report = check(model, resnet18.state_dict(), tmp_path / "resnet18.pth")
    is_3d = name in ("c2d", "i3d_resnet", "s3d_resnet")
    assert len(report.inflated) == (20 if is_3d else 0)  # every convolution of a ResNet-18
    assert ("20 inflated" in str(report)) == is_3d
    assert len(report.loaded) == 120
    has_temporal = name in ("tam", "s3d_resnet")
    assert (len(report.kept) > 2) == has_temporal


@pytest.mark.parametrize("name", ["i3d_3x1x1", "slowonly"])
def test_resnets_of_bottlenecks(name: str, tmp_path: Path) -> None:
    resnet50 = checkpoints.scrambled(torchvision.models.resnet50(weights=None), seed=1)
    model = checkpoints.scrambled(networks.build(name, depth=50), seed=0)
    report = check(model, resnet50.state_dict(), tmp_path / "resnet50.pth")
    assert len(report.inflated) == 53


@pytest.mark.parametrize("name", ["c2d", "i3d_3x1x1", "slowonly"])
def test_the_image_network_of_slowfast(name: str, tmp_path: Path) -> None:
    """Its authors divide kernels by the length of time along which they repeat them."""
    model = checkpoints.scrambled(networks.build(name, depth=50), seed=0)
    image = {}
    for key, value in checkpoints.weights(model).items():
        theirs = SLOWFAST.rename(key)
        image[theirs] = value[:, :, 0] + 1 if value.dim() == 5 else value
    torch.save({"model_state": image}, tmp_path / "image.pyth")
    assert models.load_image_checkpoint(model, tmp_path / "image.pyth").is_complete
    for key, value in model.state_dict().items():
        if value.dim() == 5:
            torch.testing.assert_close(value.sum(2), image[SLOWFAST.rename(key)])


@pytest.mark.parametrize(("name", "options"), INCEPTION)
def test_inception(
    name: str, options: dict[str, Any], googlenet: nn.Module, tmp_path: Path
) -> None:
    model = checkpoints.scrambled(networks.build(name, **options), seed=0)
    report = check(model, googlenet.state_dict(), tmp_path / "googlenet.pth")
    assert any(key.startswith("aux2.") for key in report.left_out)
    assert len(report.inflated) == (57 if name in ("i3d", "s3d") else 0)


@pytest.mark.parametrize("name", BIG_LITTLE)
@pytest.mark.parametrize("prefix", ["", "module."])
def test_blresnet(name: str, prefix: str, tmp_path: Path) -> None:
    layout = models.get_network("tsn_blnet").layouts[0]
    source = checkpoints.build("tsn_blnet", seed=1, num_classes=9)
    image = {prefix + layout.rename(key): value for key, value in source.state_dict().items()}
    model = checkpoints.build(name)
    torch.save(image, tmp_path / "blresnet.pth")
    before = checkpoints.weights(model)
    report = models.load_image_checkpoint(model, tmp_path / "blresnet.pth")
    after, wanted = checkpoints.weights(model), source.state_dict()
    for key, value in after.items():
        assert torch.equal(value, (before if OWN.search(key) else wanted)[key])
    assert set(report.left_out) == {f"{prefix}fc.weight", f"{prefix}fc.bias"}
    assert any("temporal" in key for key in report.kept) == (name == "blvnet_tam")


def test_another_depth_is_refused(resnet18: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "resnet18.pth"
    torch.save(resnet18.state_dict(), path)
    for name in ("tsn", "i3d_resnet"):
        model = networks.build(name, depth=34)
        with checkpoints.refused(path, model) as errors:
            models.load_image_checkpoint(model, path)
        assert errors[0].report
        assert errors[0].report.missing
        assert "'layer1.2.conv1.weight' is missing" in str(errors[0])


def test_what_does_not_fit_is_not_called_inflated(tmp_path: Path) -> None:
    model = checkpoints.build("i3d_resnet", depth=18)
    state = {
        models.get_network("i3d_resnet").layouts[0].rename(key): value
        for key, value in checkpoints.weights(model).items()
    }
    image = {key: v[:, :, 0] if v.dim() == 5 else v for key, v in state.items()}
    image["conv1.weight"] = torch.ones(1, 3, 7, 7)
    path = tmp_path / "resnet18.pth"
    torch.save(image, path)
    with checkpoints.refused(path, model) as errors:
        models.load_image_checkpoint(model, path)
    assert errors[0].report
    assert "conv1.weight" not in errors[0].report.inflated
    assert set(errors[0].report.inflated) <= set(errors[0].report.loaded)
    assert "(1, 3, 7, 7) in the file and (6, 3, 3, 7, 7)" in str(errors[0])


def test_auxiliary_classifiers_in_a_wrapper_are_left_out(
    googlenet: nn.Module, tmp_path: Path
) -> None:
    state = {f"module.base_model.{key}": value for key, value in googlenet.state_dict().items()}
    torch.save(state, tmp_path / "wrapped.pth")
    model = networks.build("tsn", backbone="inception_v1")
    report = models.load_image_checkpoint(model, tmp_path / "wrapped.pth")
    assert "module.base_model.aux1.fc1.weight" in report.left_out


def test_loading_such_a_file_as_a_checkpoint_names_the_other_function(
    resnet18: nn.Module, tmp_path: Path
) -> None:
    torch.save(resnet18.state_dict(), tmp_path / "resnet18.pth")
    for name in ("tam", "i3d_resnet"):
        model = networks.build(name, depth=18)
        with pytest.raises(models.CheckpointError, match="use load_image_checkpoint"):
            models.load_checkpoint(model, tmp_path / "resnet18.pth")
