"""A file in any layout gives the network that it was saved from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import models
from models.layouts import Layout, foreign_part, library_of, prefixes
from tests.models import checkpoints

CASES: list[tuple[str, dict[str, Any]]] = [
    ("blvnet", {"depth": 50}),
    ("blvnet_tam", {"depth": 50}),
    ("blvnet_tam", {"depth": 50, "window": 5}),
    ("c2d", {"depth": 50}),
    ("c2d", {"depth": 50, "temporal_pooling": "max"}),
    ("csn", {"depth": 50}),
    ("csn", {"depth": 50, "interaction": "preserved"}),
    ("i3d", {}),
    ("i3d_3x1x1", {}),
    ("i3d_3x1x1", {"stem_stride": 4}),
    ("i3d_resnet", {"depth": 18}),
    ("i3d_resnet", {"depth": 18, "temporal_module": "tam"}),
    ("r2plus1d", {"depth": 34}),
    ("r2plus1d", {"depth": 50}),
    ("s3d", {}),
    ("s3d_resnet", {"depth": 18}),
    ("slowfast", {"depth": 50}),
    ("slowonly", {"depth": 50}),
    ("tam", {"depth": 18}),
    ("tam", {"depth": 18, "window": 7}),
    ("tam", {"backbone": "inception_v1"}),
    ("tanet", {"depth": 50}),
    ("tsm", {"depth": 18}),
    ("tsm", {"depth": 101}),
    ("tsn", {"depth": 18}),
    ("tsn", {"backbone": "inception_v1"}),
    ("tsn_blnet", {"depth": 50}),
    ("x3d", {}),
    ("x3d", {"shortcut_norms": "all"}),
]
# (network, window, our name) -> the name in the authors' code
NAMES: dict[tuple[str, int, str], str] = {
    ("tam", 3, "trunk.stages.1.0.temporal.weights.2"): "layer2.0.tam.next_se.fc1.weight",
    ("tam", 5, "trunk.stages.1.0.temporal.weights.2"): "layer2.0.tam.blending_layers.2.fc1.weight",
    ("blvnet_tam", 3, "temporal.0.weights.0"): "tam.prev.weight",
    ("blvnet_tam", 3, "temporal.3.weights.1"): "layer3.tam.curr.weight",
    ("blvnet_tam", 7, "temporal.3.weights.6"): "layer3.tam.blending_layers.6.weight",
}
INCEPTION_NAMES = {
    "trunk.layers.temporal1.weights.0": "tam1.prev_se.fc1.weight",
    "trunk.layers.temporal3.weights.1": "tam3.curr_se.fc1.weight",
    "trunk.layers.temporal3a.weights.2": "tam3a.next_se.fc1.weight",
}
SHIFTED = {18: [0, 1], 50: [0, 1, 2], 101: [0, 2]}  # depth -> shifted blocks of the first stage


def layouts(name: str, options: dict[str, Any], ours: list[str]) -> Iterator[Layout]:
    """The distinct layouts that fit a network with `options`, in all wrappers."""
    found, network = set(), models.get_network(name)
    for layout in network.layouts:
        if not dict(layout.options).items() <= {**network.options, **options}.items():
            continue
        for wrapped in layout.wrap():
            theirs = tuple(map(wrapped.rename, ours))
            is_of_another_backbone = any("trunk." in key or "weights." in key for key in theirs)
            if theirs not in found and not is_of_another_backbone:
                found.add(theirs)
                yield wrapped


@pytest.mark.parametrize(("name", "options"), CASES)
def test_every_layout_gives_the_same_weights(
    name: str, options: dict[str, Any], tmp_path: Path
) -> None:
    model = checkpoints.build(name, seed=1, **options)
    state, loaded = checkpoints.weights(model), model.state_dict()
    found = list(layouts(name, options, list(state)))
    assert found
    for number, layout in enumerate(found):
        for tensor in loaded.values():
            tensor.zero_()
        prefix, nest = ("", "module.")[number % 2], (None, "state_dict", "model")[number % 3]
        file = {prefix + layout.rename(key): value for key, value in state.items()}
        assert len(file) == len(state)
        path = tmp_path / "weights.pth"
        torch.save({nest: file, "epoch": 50} if nest else file, path)
        report = models.load_checkpoint(model, path)
        assert checkpoints.same(loaded, state)
        assert set(report.loaded) == set(file)
        assert (report.kept, report.left_out, report.inflated) == ((), (), ())


WRAPPED = ("", "module.", "_orig_mod.", "model.", "module._orig_mod.", "_orig_mod.module.model.")


@pytest.mark.parametrize("name", ["tam", "tsm", "blvnet_tam"])
def test_our_own_names_with_and_without_a_prefix(name: str, tmp_path: Path) -> None:
    source, model = (checkpoints.build(name, seed=seed, depth=50) for seed in (1, 2))
    state = checkpoints.weights(source)
    for prefix in WRAPPED:
        torch.save({prefix + key: value for key, value in state.items()}, tmp_path / "own.pt")
        models.load_checkpoint(checkpoints.scrambled(model, seed=2), tmp_path / "own.pt")
        assert checkpoints.same(checkpoints.weights(model), state)


@pytest.mark.parametrize(("name", "window", "ours"), NAMES)
def test_names_of_temporal_modules(name: str, window: int, ours: str) -> None:
    theirs = NAMES[name, window, ours]
    assert theirs in {layout.rename(ours) for layout in models.get_network(name).layouts}


@pytest.mark.parametrize("ours", INCEPTION_NAMES)
def test_names_of_temporal_modules_in_inception(ours: str) -> None:
    renamed = {layout.rename(ours) for layout in models.get_network("tam").layouts}
    assert INCEPTION_NAMES[ours] in renamed


@pytest.mark.parametrize(("depth", "blocks"), SHIFTED.items())
def test_names_of_shifted_convolutions(depth: int, blocks: list[int], tmp_path: Path) -> None:
    """A file that wraps the convolutions shifted at this depth loads; the report has its names."""
    source, model = (checkpoints.build("tsm", seed=seed, depth=depth) for seed in (1, 2))
    plain = models.get_network("tsm").layouts[0]
    file = {}
    for ours, value in checkpoints.weights(source).items():
        theirs = plain.rename(ours)
        stage, _, rest = theirs.partition(".")
        block, _, layer = rest.partition(".")
        is_shifted = layer.startswith("conv1.") and (int(block) % 2 == 0 or depth != 101)
        file[f"{stage}.{block}.conv1.net.weight" if is_shifted else theirs] = value
    shifted = [key for key in file if key.startswith("layer1") and ".net." in key]
    assert shifted == [f"layer1.{block}.conv1.net.weight" for block in blocks]
    torch.save(file, tmp_path / "tsm.pth")
    report = models.load_checkpoint(model, tmp_path / "tsm.pth")
    assert set(report.loaded) == set(file)
    assert checkpoints.same(checkpoints.weights(model), checkpoints.weights(source))


@pytest.mark.parametrize("classifier", ["new_fc", "base_model.fc"])
@pytest.mark.parametrize("name", ["tsn", "tsm"])
def test_a_file_of_mit_with_and_without_dropout(name: str, classifier: str, tmp_path: Path) -> None:
    """Without dropout, the classifier is the image network's."""
    source, model = (checkpoints.build(name, seed=seed, depth=50) for seed in (1, 2))
    state, path = checkpoints.weights(source), tmp_path / "mit.pth"
    file, plain = {}, models.get_network("tsn").layouts[0]
    for ours, value in state.items():
        theirs = plain.rename(ours).replace("fc.", f"{classifier}.")
        if name == "tsm":
            theirs = theirs.replace(".conv1.", ".conv1.net.")
        is_outside = theirs.startswith(classifier)
        file[f"module.{theirs if is_outside else f'base_model.{theirs}'}"] = value
    torch.save({"state_dict": file, "best_prec1": 74.1}, path)
    assert set(models.load_checkpoint(model, path).loaded) == set(file)
    assert checkpoints.same(checkpoints.weights(model), state)


@pytest.mark.parametrize("theirs", WRAPPED)
@pytest.mark.parametrize("ours", ["", "module.", "model._orig_mod."])
def test_either_side_may_be_wrapped(ours: str, theirs: str, tmp_path: Path) -> None:
    source = checkpoints.scrambled(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2)), seed=1)
    state = checkpoints.weights(source)
    torch.save({theirs + key: value for key, value in state.items()}, tmp_path / "own.pt")
    inner = checkpoints.scrambled(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2)), seed=2)
    model: nn.Module = inner
    for name in reversed(ours.split(".")[:-1]):
        model = nn.ModuleDict({name: model})
    models.load_checkpoint(model, tmp_path / "own.pt")
    assert checkpoints.same(checkpoints.weights(inner), state)


def test_a_wrapped_part_of_a_network(tmp_path: Path) -> None:
    model = nn.ModuleDict({"body": nn.Linear(3, 2), "fc": nn.Linear(2, 2)})
    state = {key: value.clone() + 1 for key, value in model.state_dict().items()}
    file = {key.replace("body.", "body._orig_mod."): value for key, value in state.items()}
    torch.save(file, tmp_path / "own.pt")
    report = models.load_checkpoint(model, tmp_path / "own.pt")
    assert set(report.loaded) == set(file)
    assert checkpoints.same(checkpoints.weights(model), state)


def test_prefixes_are_those_of_wrappers_in_the_names() -> None:
    names = ["module.model.fc.weight", "module.head.bias", "classifier.model.weight"]
    assert prefixes(names) == ["", "module.", "module.model."]


@pytest.mark.parametrize(
    ("library", "names"),
    [
        ("MMAction2", ["backbone.layer1.0.conv1.conv.weight", "cls_head.fc_cls.weight"]),
        ("timm", ["module.patch_embed.proj.weight", "module.blocks.0.attn.qkv.weight"]),
        ("Hugging Face", ["vivit.encoder.layer.0.output.dense.bias", "classifier.bias"]),
        (None, ["conv1.weight", "backbone.fc.weight"]),
    ],
)
def test_names_of_another_library_are_known(library: str | None, names: list[str]) -> None:
    assert library_of(names) == library


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("a detection head", "detection_head.proj.weight"),
        ("a detection head", "module.roi_head.bbox_head.fc_cls.weight"),
        ("non-local blocks", "nonlocal_conv3_1_theta_w"),
        ("non-local blocks", "s3.pathway0_nonlocal1.conv_theta.weight"),
        ("non-local blocks", "backbone.layer2.1.non_local_block.g.0.conv.weight"),
        ("non-local blocks", "module.base_model.layer2.0.nl.theta.weight"),
        (None, "head.projection.weight"),
        (None, "nonlocal.weight"),
    ],
)
def test_parts_of_other_networks_are_known(part: str | None, name: str) -> None:
    assert foreign_part(["conv1.weight", name]) == part


@pytest.mark.parametrize("classifier", ["load", "replace"])
def test_a_file_with_a_detection_head(classifier: Any, tmp_path: Path) -> None:
    """As PyTorchVideo publishes them: the classifier's place is empty."""
    model, path = checkpoints.build("slowfast", depth=50), tmp_path / "detection.pyth"
    (layout,) = (one for one in models.get_network("slowfast").layouts[:1])
    file = {
        f"model.{layout.rename(key)}": value
        for key, value in checkpoints.weights(model).items()
        if "classifier" not in key
    }
    head = {f"detection_head.proj.{key}": torch.ones(2) for key in ("weight", "bias")}
    torch.save({"model_state": file | head}, path)
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path, classifier=classifier)
    assert str(errors[0]).endswith(
        "the file is of a network with a detection head: give one of a network without"
    )


def test_a_file_in_names_of_another_library_is_refused_with_its_name(tmp_path: Path) -> None:
    model, path = checkpoints.build("tsn", depth=18), tmp_path / "mm.pth"
    names = ("backbone.conv1.conv.weight", "cls_head.fc_cls.weight")
    torch.save({"state_dict": {name: torch.ones(2) for name in names}}, path)
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path)
    assert "its names are those of MMAction2" in str(errors[0])
