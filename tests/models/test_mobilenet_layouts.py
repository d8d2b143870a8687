"""The authors' names, written from their code, are in the order of our layers."""

from pathlib import Path

import pytest
import torch

import models
from tests.models import checkpoints

RESIDUAL = (3, 5, 6, 8, 9, 10, 12, 13, 15, 16)  # blocks with a shortcut, numbered from 1
NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def mit_names(*, shifted: bool, dropout: bool = True) -> list[str]:
    """The names of a TSN over MobileNetV2 in the code of TSM's authors.

    With dropout, the classifier is outside of the image network.
    """
    layers: list[tuple[str, tuple[int, ...]]] = [("features.0", (0, 1))]
    layers += [("features.1.conv", (0, 1, 3, 4))]  # the block without expansion
    layers += [(f"features.{number}.conv", (0, 1, 3, 4, 6, 7)) for number in range(2, 18)]
    layers += [("features.18", (0, 1))]
    found = []
    for layer, numbers in layers:
        for conv, norm in zip(numbers[::2], numbers[1::2], strict=True):
            is_shifted = shifted and conv == 0 and layer.split(".")[1] in map(str, RESIDUAL)
            found.append(f"{layer}.{conv}.{'net.' if is_shifted else ''}weight")
            found += [f"{layer}.{norm}.{name}" for name in NORM]
    names = [f"module.base_model.{name}" for name in found]
    classifier = "new_fc" if dropout else "base_model.classifier"
    return [*names, f"module.{classifier}.weight", f"module.{classifier}.bias"]


@pytest.mark.parametrize("dropout", [True, False])
@pytest.mark.parametrize("name", ["tsn", "tsm"])
def test_a_file_of_the_authors(name: str, dropout: bool, tmp_path: Path) -> None:
    source, model = (
        checkpoints.scrambled(
            models.create_model(name, num_classes=6, frames=8, backbone="mobilenet_v2"), seed
        )
        for seed in (1, 2)
    )
    state = checkpoints.weights(source)
    names = mit_names(shifted=name == "tsm", dropout=dropout)
    torch.save({"state_dict": dict(zip(names, state.values(), strict=True))}, tmp_path / "mit.pth")
    report = models.load_checkpoint(model, tmp_path / "mit.pth")
    assert report.loaded == tuple(names)
    assert checkpoints.same(checkpoints.weights(model), state)
    report = models.load_checkpoint(model, tmp_path / "mit.pth", classifier="replace")
    assert report.left_out == tuple(names[-2:])


@pytest.mark.parametrize("name", ["tsn", "tsm"])
def test_a_file_of_the_network_with_or_without_shifts_is_refused(name: str, tmp_path: Path) -> None:
    model = models.create_model(name, num_classes=6, frames=8, backbone="mobilenet_v2")
    path, values = tmp_path / "other.pth", model.state_dict().values()
    torch.save(dict(zip(mit_names(shifted=name == "tsn"), values, strict=True)), path)
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path)
    assert errors[0].report
    assert len(errors[0].report.missing) == len(RESIDUAL)


def test_mmaction2_names_the_shifted_convolutions() -> None:
    names = {
        "trunk.network.features.1.conv.0.0.weight": "backbone.layer1.0.conv.0.conv.weight",
        "trunk.network.features.1.conv.2.bias": "backbone.layer1.0.conv.1.bn.bias",
        "trunk.network.features.3.conv.0.1.bias": "backbone.layer2.1.conv.0.net.bn.bias",
        "trunk.network.features.17.conv.3.bias": "backbone.layer7.0.conv.2.bn.bias",
        "trunk.network.features.18.0.weight": "backbone.conv2.conv.weight",
    }
    layouts = models.get_network("tsm").layouts
    assert any({key: one.rename(key) for key in names} == names for one in layouts)
