"""A saved network is loaded unchanged; a file that contradicts itself is refused."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

import models
from models import saved
from tests.models import checkpoints, networks

OPTIONS: dict[str, dict[str, Any]] = {
    "blvnet": {"depth": 50, "alpha": 4, "beta": 2},
    "blvnet_tam": {"depth": 50, "window": 5},
    "c2d": {"depth": 34, "temporal_pooling": "max"},
    "csn": {"depth": 50, "interaction": "preserved"},
    "hiera": {},
    "i3d": {"temporal_pooling": "max"},
    "i3d_3x1x1": {"stem_stride": 4},
    "i3d_resnet": {"depth": 34, "temporal_module": "tam"},
    "r2plus1d": {"depth": 34},
    "s3d": {},
    "s3d_resnet": {"depth": 18, "temporal_pooling": "max"},
    "slowfast": {"depth": 50, "sampling": "4x16"},
    "slowonly": {"depth": 50},
    "tam": {"backbone": "inception_v1", "window": 7},
    "tanet": {"depth": 50},
    "tsm": {"depth": 18, "temporal_pooling": "max"},
    "tsn": {"backbone": "inception_v1"},
    "tsn_blnet": {"depth": 50, "alpha": 1},
    "uniformer": {},
    "uniformerv2": {"design": "motion"},
    "x3d": {"variant": "xs"},
}
GOOD: dict[str, Any] = {
    "network": "tsn",
    "num_classes": 6,
    "frames": 4,
    "depth": 18,
    "options": {"width": 0.1},
}
BAD: dict[str, dict[str, Any]] = {
    "an unknown network": {"network": "tsnn"},
    "a network that is a list": {"network": ["tsn"]},
    "a network that is null": {"network": None},
    "another network": {"network": "i3d_resnet"},
    "another depth": {"depth": 34},
    "a depth that is not there": {"depth": 19},
    "a depth that is text": {"depth": "18"},
    "an option that is not there": {"options": {"width": 0.1, "window": 3}},
    "an option that is an argument": {"options": {"width": 0.1, "frames": 3}},
    "an option of the wrong type": {"options": {"width": "narrow"}},
    "a value that is not there": {"options": {"width": 1e9}},
    "no number": {"options": {"width": float("nan")}},
    "no width": {"options": {}},
    "options that are a list": {"options": [1]},
    "too many classes": {"num_classes": 10**9},
    "classes beyond all sizes": {"num_classes": 10**18},
    "classes beyond all integers": {"num_classes": 10**40},
    "no classes": {"num_classes": 0},
    "classes that are true": {"num_classes": True},
    "negative frames": {"frames": -1},
    "frames that are text": {"frames": "4"},
    "another field": {"colour": "red"},
}
CONTENTS: dict[str, object] = {
    "a list": [1],
    "no configuration": {"format": 1},
    "no format": {"configuration": GOOD},
    "another format": {"format": 2, "configuration": GOOD},
    "a configuration that is text": {"format": 1, "configuration": "tsn"},
    **{
        f"no {field}": {"format": 1, "configuration": {k: v for k, v in GOOD.items() if k != field}}
        for field in GOOD
    },
}


def network() -> nn.Module:
    return checkpoints.scrambled(models.create_model("tsn", **_arguments()), seed=1)


def _arguments() -> dict[str, Any]:
    fields = {key: value for key, value in GOOD.items() if key not in ("network", "options")}
    return {**fields, **GOOD["options"]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "network.safetensors"


def refusal(path: Path) -> models.CheckpointError:
    """The error of `load_model` for `path`, raised before a network with memory is built."""
    built: list[nn.Module] = []

    def create(name: str, **arguments: Any) -> nn.Module:
        built.append(models.create_model(name, **arguments))
        return built[-1]

    with pytest.MonkeyPatch.context() as patch, checkpoints.refused(path) as errors:
        patch.setattr(saved, "create_model", create)
        models.load_model(path)
    assert all(weight.is_meta for model in built for weight in model.parameters())
    return errors[0]


def contiguous_state() -> dict[str, torch.Tensor]:
    """Contiguous weights: safetensors refuses channels-last ones."""
    return {name: value.contiguous() for name, value in network().state_dict().items()}


def write(path: Path, content: object) -> None:
    """Write the weights of `network`, with `content` as the configuration."""
    save_file(contiguous_state(), path, metadata={saved.FORMAT: json.dumps(content)})


@pytest.mark.parametrize("name", OPTIONS)
@torch.no_grad()
def test_round_trip(name: str, path: Path) -> None:
    source = networks.build(name, width=0.25, **OPTIONS[name]).eval()
    for tensor in source.state_dict().values():
        if tensor.is_floating_point():
            tensor.mul_(1.25).add_(0.01)
    models.save_checkpoint(source, path)
    model: Any = models.load_model(path)
    assert model.configuration == source.configuration
    assert checkpoints.same(checkpoints.weights(model), checkpoints.weights(source))
    clip = torch.rand(networks.small_clip(name), generator=torch.Generator().manual_seed(0))
    assert torch.equal(model.eval()(clip), source(clip))
    models.load_checkpoint(source, path)  # it is a checkpoint like any other


def test_every_family_goes_round() -> None:
    assert list(OPTIONS) == networks.OWN


@pytest.mark.parametrize("suffix", [".pt", ".SAFETENSORS", ""])
def test_any_file_name_will_do(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"network{suffix}"
    models.save_checkpoint(network(), path)
    assert checkpoints.same(
        checkpoints.weights(models.load_model(path)), checkpoints.weights(network())
    )


@pytest.mark.parametrize("case", BAD)
def test_a_configuration_that_is_not_the_files(case: str, path: Path) -> None:
    write(path, {"format": 1, "configuration": {**GOOD, **BAD[case]}})
    refusal(path)


@pytest.mark.parametrize("case", CONTENTS)
def test_a_configuration_that_is_none(case: str, path: Path) -> None:
    write(path, CONTENTS[case])
    refusal(path)


def test_the_first_wrong_key_is_named(path: Path) -> None:
    write(path, {"format": 1, "configuration": {**GOOD, "num_classes": 10**9}})
    error = refusal(path)
    assert error.report
    assert [key for key, *_ in error.report.mismatched] == [
        "head.classifier.weight",
        "head.classifier.bias",
    ]
    assert "'head.classifier.weight' is (6, 51) in the file" in str(error)


@pytest.mark.parametrize("frames", [10**12, 10**40])
def test_frames_take_no_memory(frames: int, path: Path) -> None:
    """No weight depends on the number of frames, so that any number is accepted."""
    write(path, {"format": 1, "configuration": {**GOOD, "frames": frames}})
    model: Any = models.load_model(path)
    assert model.configuration.frames == frames


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "9" * 5000])
def test_metadata_that_is_no_json(text: str, path: Path) -> None:
    save_file(contiguous_state(), path, metadata={saved.FORMAT: text})
    assert "was not saved by save_checkpoint" in str(refusal(path))


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_safetensors_of_other_people(metadata: dict[str, str] | None, path: Path) -> None:
    save_file(contiguous_state(), path, metadata=metadata)
    assert "was not saved by save_checkpoint" in str(refusal(path))


def test_files_that_are_no_safetensors(path: Path) -> None:
    torch.save(network().state_dict(), path)
    assert "was not saved by save_checkpoint" in str(refusal(path))
    path.write_bytes(b"hello")
    refusal(path)
    path.unlink()
    assert "No such file" in str(refusal(path))
    path.mkdir()
    assert "Is a directory" in str(refusal(path))


def test_a_file_that_is_cut_off(path: Path) -> None:
    models.save_checkpoint(network(), path)
    whole = path.read_bytes()
    for length in [*range(20), 200, len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:length])
        assert "it may be cut off" in str(refusal(path))


def test_a_failed_save_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models.save_checkpoint(network(), path)
    before = path.read_bytes()

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(models.NetworkError) as error:
        models.save_checkpoint(network(), path)
    reason = "cannot be written (No space left on device): give another path"
    assert str(error.value) == f"{path}: {reason}"
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_save_leaves_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.save_checkpoint(network(), path)

    def interrupted(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        models.save_checkpoint(network(), path)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["absent/x", "file/x", "folder", "n" * 300, "forbidden/x"])
def test_where_nothing_can_be_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    for folder in ("folder", "forbidden"):
        (tmp_path / folder).mkdir()

    def forbidden(self: Path, data: bytes) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")  # which root never sees

    if name.startswith("forbidden"):
        monkeypatch.setattr(Path, "write_bytes", forbidden)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(models.NetworkError) as error:
        models.save_checkpoint(network(), tmp_path / name)
    assert str(error.value).startswith(f"{tmp_path / name}: cannot be written (")
    assert len(str(error.value).splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_what_cannot_be_saved(path: Path) -> None:
    with pytest.raises(models.NetworkError, match="only a network that create_model built"):
        models.save_checkpoint(nn.Linear(2, 1), path)
    with torch.device("meta"):
        model = models.create_model("tsn", **_arguments())
    with pytest.raises(models.NetworkError, match="meta device has no weights"):
        models.save_checkpoint(model, path)
    assert not path.exists()


def test_a_network_that_was_changed_is_not_saved(path: Path) -> None:
    model = network()
    model.head.classifier = nn.Linear(model.head.classifier.in_features, 3)  # type: ignore[union-attr,arg-type]
    with pytest.raises(models.NetworkError, match="changed since create_model built it") as caught:
        models.save_checkpoint(model, path)
    assert "head.classifier.weight" in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_the_type_of_the_weights_is_kept(dtype: torch.dtype, path: Path) -> None:
    source = network().to(dtype)
    models.save_checkpoint(source, path)
    assert checkpoints.same(
        checkpoints.weights(models.load_model(path)), checkpoints.weights(source)
    )


def test_what_the_metadata_hold(path: Path) -> None:
    models.save_checkpoint(network(), path)
    with safe_open(path, framework="pt") as file:
        content = json.loads(file.metadata()[saved.FORMAT])
    assert content == {"format": 1, "configuration": GOOD}
