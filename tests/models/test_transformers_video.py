from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import models
from bench.instruments import layers, macs, macs_fvcore, params
from bench.instruments.memory import simulate
from tests.models.networks import HAS_TRANSFORMERS, TRANSFORMERS, build, logits, small_clip

needs_library = pytest.mark.skipif(not HAS_TRANSFORMERS, reason="needs the extra transformers")
FAMILIES = {
    "videomae": "VideoMAE",
    "timesformer": "Timesformer",
    "vivit": "Vivit",
    "vjepa2": "VJEPA2",
}
# A network of two narrow blocks, by the fields of its configuration.
TINY = {
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 96,
}


def tiny(name: str, monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """A narrow network with the code of `name`."""
    import transformers

    from models import transformers_video

    family = FAMILIES[name]
    whole = getattr(transformers, f"{family}Config")
    monkeypatch.setattr(transformers, whole.__name__, lambda **fields: whole(**fields | TINY))
    assert transformers_video.LIBRARY == "transformers"
    return build(name)


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.registry.find_spec", lambda name: None)
    assert not models.get_network("vivit").is_installed
    with pytest.raises(models.NetworkError) as refused:
        models.create_model("vivit", num_classes=6, frames=4)
    assert str(refused.value) == (
        "vivit needs the package transformers: python -m pip install transformers"
    )


@needs_library
@pytest.mark.parametrize(
    ("name", "options", "frames", "gmacs", "params_m"),
    [
        ("videomae", {}, 16, "180", "87"),  # as printed
        ("videomae", {"variant": "large"}, 16, "597", "304"),  # printed 597 and 305
        ("timesformer", {}, 8, "196", "122"),  # three views are printed as 0.59 T
        ("vivit", {}, 32, "452", "89"),
    ],
)
def test_parameters_and_macs(
    name: str, options: dict[str, Any], frames: int, gmacs: str, params_m: str
) -> None:
    with torch.device("meta"):
        model = models.create_model(name, num_classes=400, frames=frames, **options)
    counted = macs.count(model, (1, 3, frames, 224, 224))
    assert counted.uncounted == {}
    assert f"{counted.total / 1e9:.0f}" == gmacs
    assert f"{params.count(model) / 1e6:.0f}" == params_m


@needs_library
@pytest.mark.parametrize("name", TRANSFORMERS)
def test_attention_is_counted_on_meta_as_its_authors_count_it(name: str) -> None:
    """Both products of attention, of queries with keys and of weights with values."""
    with torch.device("meta"):
        model = build(name)
    counted = macs.count(model, small_clip(name))
    assert counted.uncounted == {}
    rows = layers.count(model, small_clip(name))
    assert sum(row.macs for row in rows) == counted.total
    if name == "videomae":
        tokens = 14 * 14  # of one tube
        assert counted.by_operator["matmul"] == 12 * 2 * tokens * tokens * 768


@needs_library
@pytest.mark.parametrize("name", ["videomae", "timesformer", "vivit"])
def test_both_counters_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny(name, monkeypatch)
    first, second = (counter.count(model, small_clip(name)) for counter in (macs, macs_fvcore))
    assert first.total == second.total > 0
    assert not any(map(macs_fvcore.may_have_macs, second.uncounted))


@needs_library
@pytest.mark.parametrize("mode", ["train", "infer"])
def test_memory_is_simulated(mode: Any) -> None:
    def factory() -> nn.Module:
        return build("timesformer")

    peak = simulate(factory, small_clip("timesformer"), mode)
    weights = 4 * params.count(factory())
    assert peak.peak_bytes > (3 if mode == "train" else 1) * weights


@needs_library
@pytest.mark.parametrize("name", ["videomae", "timesformer", "vivit"])
def test_the_function_is_that_of_the_library(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model = tiny(name, monkeypatch).double().eval()
    clip = torch.randn(small_clip(name), dtype=torch.float64)
    theirs = model.get_submodule("network")
    with torch.no_grad():
        expected = theirs(pixel_values=clip.transpose(1, 2)).logits
    torch.testing.assert_close(logits(model, clip), expected, rtol=1e-6, atol=1e-9)


@needs_library
@pytest.mark.parametrize("name", ["videomae", "timesformer", "vivit", "vjepa2"])
def test_they_see_the_order_of_frames(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model = tiny(name, monkeypatch).double().eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.1)
    clip = torch.randn(small_clip(name), dtype=torch.float64)
    one, other = logits(model, clip), logits(model, clip.flip(2))
    assert (one - other).abs().max() > 1e-6 * one.abs().max()


@needs_library
@pytest.mark.parametrize("name", ["videomae", "timesformer", "vivit"])
def test_a_file_of_the_library_is_loaded_strictly(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    model = tiny(name, monkeypatch)
    model.get_submodule("network").save_pretrained(tmp_path)  # type: ignore[operator]
    path = tmp_path / "model.safetensors"
    other = build(name)
    assert models.load_checkpoint(other, path).is_complete
    clip = torch.randn(small_clip(name))
    torch.testing.assert_close(logits(other.eval(), clip), logits(model.eval(), clip))
    weights = load_file(path)
    weights.pop("classifier.bias")
    save_file(weights, path)
    with pytest.raises(models.CheckpointError, match=r"'classifier.bias' is missing"):
        models.load_checkpoint(other, path)


@needs_library
def test_frames_of_another_size_are_refused() -> None:
    with torch.device("meta"):
        model = build("vjepa2")
        with pytest.raises(models.NetworkError, match="256 x 256 pixels, not 224 x 224"):
            model(torch.empty(1, 3, 2, 224, 224))


@needs_library
@pytest.mark.parametrize(
    ("variant", "size", "encoder_m"), [("large", 256, 304), ("giant_384", 384, 1012)]
)
def test_vjepa2_does_not_run_its_predictor(variant: str, size: int, encoder_m: int) -> None:
    with torch.device("meta"):
        model = build("vjepa2", variant=variant)
    parts = params.by_module(model)
    assert round(parts["network.vjepa2.encoder"] / 1e6) == encoder_m
    assert round(parts["network.vjepa2.predictor"] / 1e6) == 22
    whole = macs.count(model, (1, 3, 2, size, size))
    model.set_submodule("network.vjepa2.predictor", nn.Identity())
    assert macs.count(model, (1, 3, 2, size, size)) == whole
