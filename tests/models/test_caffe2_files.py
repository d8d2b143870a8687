"""SlowFast's files of Caffe2: their names, and the logits of the networks in them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import models
from tests.models import caffe2, checkpoints

NETWORKS: dict[str, dict[str, Any]] = {
    "c2d": {},
    "i3d_3x1x1": {},
    "slowonly": {},
    "slowfast": {"sampling": "4x16"},
    "slowfast 8x8": {"sampling": "8x8"},
}
PROTOCOLS = (caffe2.PYTHON_2, 2, 4, 5)


def build(label: str) -> nn.Module:
    """A narrow network of 50 layers, in float64."""
    name = label.partition(" ")[0]
    model = models.create_model(
        name, num_classes=6, frames=16, depth=50, width=0.1, **NETWORKS[label]
    )
    return model.double().eval()


def names(label: str) -> Iterator[str]:
    """The names of the blobs in the order of our weights."""
    if label.startswith("slowfast"):
        yield from caffe2.pathway_names("t_")
    yield from caffe2.pathway_names()
    if label.startswith("slowfast"):
        yield from caffe2.lateral_names()
    yield from ("pred_w", "pred_b")


def blobs(label: str, model: nn.Module) -> dict[str, Tensor]:
    """Weights by which every layer matters, with the names of Caffe2."""
    generator = torch.Generator().manual_seed(0)
    shapes = [v.shape for k, v in model.state_dict().items() if "num_batches" not in k]
    found = {}
    for name, shape in zip(names(label), shapes, strict=True):
        value = torch.rand(shape, generator=generator)
        is_positive = name.endswith(("_s", "_riv"))
        fan_in = value[0].numel() if value.dim() > 1 else 1
        found[name] = value + 0.5 if is_positive else (2 * value - 1) * (3 / fan_in) ** 0.5
    return found


def write(path: Path, weights: dict[str, Tensor], protocol: int) -> None:
    """Write a file of a training, with what it goes on from."""
    arrays: dict[str, object] = {name: value.numpy() for name, value in weights.items()}
    momentum = {f"{name}_momentum": value for name, value in arrays.items() if "_bn_r" not in name}
    training = {"model_iter": 100, "lr": np.array([0.1], dtype=np.float32)}
    path.write_bytes(caffe2.pickled({"blobs": {**training, **arrays, **momentum}}, protocol))


@pytest.mark.parametrize("label", NETWORKS)
@torch.no_grad()
def test_the_network_of_a_file(label: str, tmp_path: Path) -> None:
    model, path = build(label), tmp_path / "theirs.pkl"
    theirs = blobs(label, model)
    write(path, theirs, caffe2.PYTHON_2)
    report = models.load_checkpoint(model, path)
    assert set(report.loaded) == set(theirs)
    assert all(name == "lr" or name.endswith("_momentum") for name in report.left_out)
    assert report.unread == ("model_iter",)
    double = {name: value.double() for name, value in theirs.items()}
    clip = torch.rand(1, 3, 16, 64, 64, generator=torch.Generator().manual_seed(1)).double()
    if label.startswith("slowfast"):
        slow = clip[:, :, model.slow_frames]  # type: ignore[index]
        expected = caffe2.slowfast_logits(double, slow, clip)
    else:
        expected = caffe2.logits(double, clip, pools=label == "i3d_3x1x1")
    torch.testing.assert_close(model(clip), expected, rtol=1e-9, atol=1e-9)
    assert expected.std() > 1e-3


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_any_python_wrote(protocol: int, tmp_path: Path) -> None:
    model, path = build("c2d"), tmp_path / "theirs.pkl"
    theirs = blobs("c2d", model)
    write(path, theirs, protocol)
    models.load_checkpoint(model, path)
    loaded = model.state_dict()
    assert torch.equal(loaded["stem.bn1.running_var"], theirs["res_conv1_bn_riv"].double())
    assert torch.equal(loaded["head.classifier.weight"], theirs["pred_w"].double())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"res_conv1_bn_riv": None}, "'res_conv1_bn_riv' is missing"),
        ({"conv1_w": torch.ones(6, 3, 5, 7, 7)}, "'conv1_w' is (6, 3, 5, 7, 7) in the file and"),
        (
            {"nonlocal_conv3_1_theta_w": torch.ones(2)},
            "'nonlocal_conv3_1_theta_w' is not a weight of this network: the file is of a network "
            "with non-local blocks: give one of a network without",
        ),
    ],
)
def test_a_file_of_another_network(
    change: dict[str, Tensor | None], reason: str, tmp_path: Path
) -> None:
    model, path = build("c2d"), tmp_path / "theirs.pkl"
    changed = {**blobs("c2d", model), **change}
    write(path, {k: v for k, v in changed.items() if v is not None}, caffe2.PYTHON_2)
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path)
    assert f"{path}: {reason}" in str(errors[0])


def test_a_classifier_is_replaced(tmp_path: Path) -> None:
    model, path = build("slowonly"), tmp_path / "theirs.pkl"
    theirs = {**blobs("slowonly", model), "pred_w": torch.ones(4, 205), "pred_b": torch.ones(4)}
    write(path, theirs, caffe2.PYTHON_2)
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path)
    assert "classifier='replace'" in str(errors[0])
    assert {"pred_w", "pred_b"} <= set(
        models.load_checkpoint(model, path, classifier="replace").left_out
    )
