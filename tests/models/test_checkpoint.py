"""Loading is strict, complete or not done, and reports on every weight."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import models
from models import checkpoint
from tests.models import checkpoints

PREFIX = "module.base_model."
CONV, COUNTER = f"{PREFIX}conv1.weight", f"{PREFIX}layer2.0.bn1.num_batches_tracked"
CLASSIFIER = ("module.new_fc.weight", "module.new_fc.bias")
KEYS = (
    CONV,
    f"{PREFIX}layer1.0.tam.prev_se.fc1.weight",
    f"{PREFIX}layer2.0.bn1.running_var",
    COUNTER,
    *CLASSIFIER,  # the file's last ones
)
EXTRA = ("conv1.weight", "module.new_fc.scale", f"{PREFIX}layer9.0.conv1.weight", "aux1.fc.bias")


def theirs(model: nn.Module) -> dict[str, Tensor]:
    """The weights of a TAM over a ResNet, as its authors' code saves them."""
    (layout,) = (
        layout
        for layout in models.get_network("tam").layouts[0].wrap()
        if layout.rename("head.classifier.bias") == "new_fc.bias"
        and layout.rename("trunk.stem.conv1.weight") == "base_model.conv1.weight"
    )
    state = checkpoints.weights(model)
    return {f"module.{layout.rename(key)}": value for key, value in state.items()}


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return checkpoints.build("tam", depth=18)


@pytest.fixture
def file() -> dict[str, Tensor]:
    return theirs(checkpoints.build("tam", seed=1, depth=18))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.pth.tar"


@pytest.mark.parametrize("key", KEYS)
def test_a_missing_key(key: str, model: nn.Module, file: dict[str, Tensor], path: Path) -> None:
    del file[key]
    torch.save({"state_dict": file}, path)
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path)
    report = errors[0].report
    assert report
    assert report.missing == (key,)
    assert (report.unexpected, report.mismatched, report.is_complete) == ((), (), False)
    assert f"{key!r} is missing" in str(errors[0])


@pytest.mark.parametrize("key", EXTRA)
def test_an_extra_key(key: str, model: nn.Module, file: dict[str, Tensor], path: Path) -> None:
    torch.save({"state_dict": {**file, key: torch.ones(2)}}, path)
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path)
    report = errors[0].report
    assert report
    assert (report.unexpected, report.left_out) == ((key,), ())
    assert (report.missing, report.mismatched) == ((), ())
    assert repr(key) in str(errors[0])


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_another_shape(
    key: str, model: nn.Module, file: dict[str, Tensor], path: Path
) -> None:
    ours, file[key] = tuple(file[key].shape), torch.ones(*file[key].shape, 2)
    torch.save({"state_dict": file}, path)
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path)
    report = errors[0].report
    assert report
    assert report.mismatched == ((key, (*ours, 2), ours),)
    assert (report.missing, report.unexpected) == ((), ())
    assert repr(key) in str(errors[0])
    assert ("classifier='replace'" in str(errors[0])) == (key in CLASSIFIER)


def test_another_number_of_classes(model: nn.Module, path: Path) -> None:
    other = checkpoints.build("tam", seed=1, num_classes=9, depth=18)
    torch.save(theirs(other), path)
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path)
    assert "classifier='replace'" in str(errors[0])


def test_a_wide_layer_is_no_reason_to_replace_the_classifier(path: Path) -> None:
    torch.save({"weight": torch.ones(3, 2), "bias": torch.ones(3)}, path)
    layer = nn.Linear(2, 4)
    with checkpoints.refused(path, layer) as errors:
        models.load_checkpoint(layer, path)
    assert "replace" not in str(errors[0])


@pytest.mark.parametrize("prefix", ["", "module."])
def test_classifier_replaced(prefix: str, path: Path) -> None:
    model, other = (
        checkpoints.build("tam", seed=seed, num_classes=5 + seed, depth=18) for seed in range(2)
    )
    file = {prefix + key.removeprefix("module."): value for key, value in theirs(other).items()}
    torch.save(file, path)
    before, wanted = checkpoints.weights(model), checkpoints.weights(other)
    report = models.load_checkpoint(model, path, classifier="replace")
    loaded = checkpoints.weights(model)
    own = {"head.classifier.weight", "head.classifier.bias"}
    assert all(torch.equal(loaded[k], (before if k in own else wanted)[k]) for k in loaded)
    assert (report.classifier, set(report.kept)) == ("replace", own)
    assert report.is_complete
    assert report.left_out == (f"{prefix}new_fc.weight", f"{prefix}new_fc.bias")
    assert str(report) == (
        f"{path}: {len(file) - 2} loaded, 2 left out, 2 kept, the classifier is the network's own"
    )


def test_replacing_is_as_strict_about_the_rest(
    model: nn.Module, file: dict[str, Tensor], path: Path
) -> None:
    del file[CONV]
    torch.save(file, path)
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path, classifier="replace")
    assert repr(CONV) in str(errors[0])


def test_an_unknown_use_of_the_classifier(model: nn.Module, path: Path) -> None:
    with pytest.raises(models.NetworkError, match="'load' or 'replace', not 'drop'"):
        models.load_checkpoint(model, path, classifier="drop")  # type: ignore[arg-type]


def test_a_file_without_counters(model: nn.Module, file: dict[str, Tensor], path: Path) -> None:
    """PyTorch before 0.4.1 saved none."""
    old = {key: value for key, value in file.items() if not key.endswith(checkpoint.COUNTER)}
    torch.save(old, path)
    before, report = checkpoints.weights(model), models.load_checkpoint(model, path)
    after = checkpoints.weights(model)
    counters = {key for key in after if key.endswith(checkpoint.COUNTER)}
    assert set(report.kept) == counters
    assert str(report) == f"{path}: {len(old)} loaded, {len(counters)} kept"
    assert all(torch.equal(after[key], before[key]) for key in counters)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_precision_is_the_networks(
    dtype: torch.dtype, model: nn.Module, file: dict[str, Tensor], path: Path
) -> None:
    torch.save({k: v.to(dtype) if v.is_floating_point() else v for k, v in file.items()}, path)
    models.load_checkpoint(model, path)
    assert checkpoints.same(theirs(model), file)


@pytest.mark.parametrize("key", [KEYS[0], COUNTER])
def test_whole_numbers_are_no_fractions(
    key: str, model: nn.Module, file: dict[str, Tensor], path: Path
) -> None:
    file[key] = file[key].bool() if file[key].is_floating_point() else file[key].float()
    torch.save(file, path)
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path)
    assert f"{key!r} is torch." in str(errors[0])


def test_double_precision_is_kept(path: Path) -> None:
    layer, value = nn.Linear(2, 1).double(), torch.tensor([1 / 3], dtype=torch.float64)
    torch.save({**layer.state_dict(), "bias": value}, path)
    models.load_checkpoint(layer, path)
    assert torch.equal(layer.bias, value)


@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_network_of_someone_else(prefix: str, path: Path) -> None:
    source, model = (
        checkpoints.scrambled(nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), seed)
        for seed in range(2)
    )
    torch.save({prefix + key: value for key, value in source.state_dict().items()}, path)
    models.load_checkpoint(model, path)
    assert checkpoints.same(checkpoints.weights(model), source.state_dict())
    with pytest.raises(models.NetworkError, match="the classifier layer is known"):
        models.load_checkpoint(model, path, classifier="replace")
    with pytest.raises(models.NetworkError, match="the classifier layer is known"):
        models.load_image_checkpoint(model, path)


def test_a_network_with_the_prefix_in_its_own_names(path: Path) -> None:
    model = nn.ModuleDict({"module": nn.Linear(2, 1)})
    torch.save(model.state_dict(), path)
    assert models.load_checkpoint(model, path).loaded == ("module.weight", "module.bias")


def test_a_foreign_configuration_is_not_ours(path: Path) -> None:
    layer: Any = nn.Linear(2, 1)
    layer.configuration = {"network": "tsn"}
    torch.save(layer.state_dict(), path)
    assert models.load_checkpoint(layer, path).is_complete


def test_a_network_on_the_meta_device(path: Path) -> None:
    torch.save({}, path)
    with pytest.raises(models.NetworkError, match="meta device has no weights"):
        models.load_checkpoint(nn.Linear(2, 1, device="meta"), path)
