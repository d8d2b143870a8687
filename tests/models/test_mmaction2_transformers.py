"""MMAction2's files of VideoMAE and TimeSformer: their names, and the logits of the networks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import models
from models import transformers_video
from tests.models import checkpoints, mmaction2, networks

pytestmark = pytest.mark.skipif(not networks.HAS_TRANSFORMERS, reason="needs transformers")

WIDTH, BLOCKS, HEADS, FRAMES, CLASSES = 24, 2, 3, 4, 5
SMALL = {
    "hidden_size": WIDTH,
    "num_hidden_layers": BLOCKS,
    "num_attention_heads": HEADS,
    "intermediate_size": 4 * WIDTH,
}
NETWORKS: dict[str, tuple[Any, Callable[[mmaction2.Network, Tensor], Tensor], dict[str, float]]] = {
    "videomae": (
        mmaction2.videomae_shapes,
        mmaction2.videomae_logits,
        {"norm1": 1e-12, "norm2": 1e-12, "fc_norm": 1e-5},
    ),
    "timesformer": (mmaction2.timesformer_shapes, mmaction2.timesformer_logits, {"norm": 1e-6}),
}
POSITIONS = "backbone.pos_embed"
Build = Callable[[str], nn.Module]


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Build:
    """A builder of small networks, in float64."""
    whole = transformers_video._build

    def small(family: str, classes: int, frames: int, fields: dict[str, Any]) -> nn.Module:
        return whole(family, classes, frames, {**fields, **SMALL})

    monkeypatch.setattr(transformers_video, "_build", small)
    return lambda name: (
        models.create_model(name, num_classes=CLASSES, frames=FRAMES).double().eval()
    )


def weights(name: str) -> dict[str, Tensor]:
    """Weights by which every layer matters, with the names of MMAction2."""
    generator = torch.Generator().manual_seed(0)
    shapes = NETWORKS[name][0](WIDTH, BLOCKS, FRAMES, CLASSES)
    found = {key: torch.randn(shape, generator=generator) / 3 for key, shape in shapes.items()}
    if name == "videomae":
        found[POSITIONS] = mmaction2.positions(*found[POSITIONS].shape[1:])
    return found


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_the_network_of_a_file(name: str, build: Build, tmp_path: Path) -> None:
    model, path, file = build(name), tmp_path / "theirs.pth", weights(name)
    torch.save({"meta": {"epoch": 1}, "state_dict": file}, path)
    report = models.load_checkpoint(model, path)
    assert {*report.loaded, *report.left_out} == set(file)
    assert report.left_out == ((POSITIONS,) if name == "videomae" else ())
    clip = torch.rand(1, 3, FRAMES, 224, 224, generator=torch.Generator().manual_seed(1)).double()
    _, logits, eps = NETWORKS[name]
    double = {key: value.double() for key, value in file.items()}
    expected = logits(mmaction2.Network(double, HEADS, eps), clip)
    torch.testing.assert_close(model(clip), expected, rtol=1e-9, atol=1e-9)
    assert expected.std() > 1e-2


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_training_of_theirs(name: str, prefix: str, build: Build, tmp_path: Path) -> None:
    model, path, file = build(name), tmp_path / "theirs.pth", weights(name)
    parameters = [key for key in file if (name, key) != ("videomae", POSITIONS)]
    averages = {f"{prefix}ema_{key.replace('.', '_')}": file[key] for key in parameters}
    beside = {f"{prefix}data_preprocessor.{key}": torch.ones(3, 1, 1, 1) for key in ("mean", "std")}
    state = {prefix + key: value for key, value in file.items()}
    torch.save({"state_dict": state | averages | beside, "optimizer": {}}, path)
    report = models.load_checkpoint(model, path)
    assert set(report.loaded) == {prefix + key for key in parameters}
    assert set(report.left_out) >= averages.keys() | beside.keys()


@pytest.mark.parametrize("name", NETWORKS)
def test_strictness(name: str, build: Build, tmp_path: Path) -> None:
    model, path, file = build(name), tmp_path / "theirs.pth", weights(name)
    key = next(key for key in file if "attn" in key and "weight" in key)
    changes: dict[str, tuple[dict[str, Tensor], str]] = {
        "missing": ({k: v for k, v in file.items() if k != key}, f"{key!r} is missing"),
        "unexpected": ({**file, "ema_backbone_x": file[key]}, "'ema_backbone_x' is not a weight"),
        "mismatched": ({**file, key: file[key][1:]}, "in the file and"),
    }
    for state, reason in changes.values():
        torch.save({"state_dict": state}, path)
        with checkpoints.refused(path, model) as errors:
            models.load_checkpoint(model, path)
        assert reason in str(errors[0])


@pytest.mark.parametrize(
    ("positions", "reason"),
    [
        (torch.zeros(1, 392, WIDTH), "is learned in the file and fixed in the network"),
        (torch.zeros(1, 196, WIDTH), "is (1, 196, 24) in the file and (1, 392, 24) in the network"),
    ],
)
def test_positions_that_our_network_does_not_have(
    positions: Tensor, reason: str, build: Build, tmp_path: Path
) -> None:
    model, path = build("videomae"), tmp_path / "theirs.pth"
    torch.save({"state_dict": {**weights("videomae"), POSITIONS: positions}}, path)
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path)
    assert f"{POSITIONS!r} {reason}" in str(errors[0])


def test_files_need_not_hold_the_positions(build: Build, tmp_path: Path) -> None:
    model, path, file = build("videomae"), tmp_path / "theirs.pth", weights("videomae")
    half = {key: value.half() for key, value in file.items()}
    for state in (half, {key: value for key, value in file.items() if key != POSITIONS}):
        torch.save({"state_dict": state}, path)
        assert set(models.load_checkpoint(model, path).loaded) == state.keys() - {POSITIONS}
