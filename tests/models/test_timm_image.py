from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import models
from bench.instruments import macs, params
from bench.instruments.memory import simulate
from bench.workload.networks import network_libraries
from models.registry import describe
from models.timm_image import find_size
from tests.models.networks import logits
from tests.records import point

needs_library = pytest.mark.skipif(not find_spec("timm"), reason="needs the extra timm")
CLASSES, FRAMES = 6, 3
SMALL = ["resnet10t", "mobilenetv3_small_050", "convnextv2_atto", "test_vit"]  # four ways to end


def build(name: str, **options: Any) -> nn.Module:
    return models.create_model(
        "tsn", num_classes=CLASSES, frames=FRAMES, backbone=f"timm:{name}", **options
    )


def theirs(name: str) -> nn.Module:
    """timm's network with its own classifier."""
    import timm

    model: nn.Module = timm.create_model(name, pretrained=False, num_classes=CLASSES)
    return model.eval()


def size(name: str) -> int:
    return 160 if name == "test_vit" else 64


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.registry.find_spec", lambda name: None)
    with pytest.raises(models.NetworkError) as refused:
        build("resnet10t")
    assert str(refused.value) == "tsn needs the package timm: python -m pip install timm"
    models.create_model("tsn", num_classes=CLASSES, frames=FRAMES, depth=18)  # its own need none


def test_any_name_of_the_library_is_a_choice_of_tsn_alone() -> None:
    assert describe(models.get_network("tsn").choices["backbone"]).endswith(", timm:NAME")
    with pytest.raises(models.NetworkError, match=r"backbone of tsm is one of .*not 'timm:resnet"):
        models.create_model("tsm", num_classes=6, frames=4, backbone="timm:resnet10t")
    with pytest.raises(models.NetworkError, match="comes in one depth: leave depth 50 out"):
        build("resnet10t", depth=50)
    base = point(network="tsn", depth=None)
    assert network_libraries(base) == ()
    with_timm = base.model_copy(update={"options": (("backbone", "timm:resnet10t"),)})
    assert network_libraries(with_timm) == ("timm",)


@needs_library
@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("resnet10", {}, r"timm has no network 'resnet10' \(did you mean 'resnet10.?'\?\)"),
        ("hf-hub:some/one", {}, "timm has no network 'hf-hub:some/one': choose"),
        ("resnet10t", {"width": 0.5}, "timm:resnet10t has one width and no temporal pooling"),
    ],
)
def test_what_timm_does_not_have_is_refused(
    name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(models.NetworkError, match=message):
        build(name, **options)


@needs_library
@pytest.mark.parametrize("name", SMALL)
def test_logits_are_the_mean_of_timms_over_frames(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    own, frame_network = build(name).eval(), theirs(name)
    torch.save(frame_network.state_dict(), tmp_path / "timm.pth")
    assert models.load_checkpoint(own, tmp_path / "timm.pth").is_complete
    assert params.count(own) == params.count(frame_network)
    clip = torch.randn(2, 3, FRAMES, size(name), size(name))
    expected = torch.stack([logits(frame_network, frame) for frame in clip.unbind(2)]).mean(0)
    torch.testing.assert_close(logits(own, clip), expected)
    torch.testing.assert_close(logits(own, clip.flip(2)), expected)  # blind to their order


@needs_library
@pytest.mark.parametrize("name", SMALL)
def test_costs_are_those_of_the_frames(name: str) -> None:
    shape = (1, 3, FRAMES, size(name), size(name))
    with torch.device("meta"):
        clip, frame = macs.count(build(name), shape), macs.count(PerFrame(theirs(name)), shape)
    assert clip.uncounted == {}
    assert clip.total == frame.total > 0
    assert simulate(lambda: build(name), shape).peak_bytes > 3 * 4 * params.count(build(name))


class PerFrame(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, clip: torch.Tensor) -> torch.Tensor:
        frames = clip.transpose(1, 2).flatten(0, 1)  # (N*T) x C x H x W
        mean: torch.Tensor = self.network(frames).unflatten(0, (-1, clip.shape[2])).mean(1)
        return mean


@needs_library
def test_a_network_of_one_size_refuses_other_frames() -> None:
    with torch.device("meta"):
        model = build("test_vit")
        with pytest.raises(models.NetworkError, match="160 x 160 pixels, not 64 x 64"):
            model(torch.empty(1, 3, FRAMES, 64, 64))


@needs_library
def test_the_only_size_is_known_before_it_is_built() -> None:
    sizes = {"test_vit": 160, "vit_base_patch16_384": 384, "resnet10t": None, "no_network": None}
    assert {name: find_size(name) for name in sizes} == sizes
    options = {"backbone": "timm:test_vit"}
    with pytest.raises(models.NetworkError, match="timm:test_vit takes frames of 160 px, not 64"):
        models.get_network("tsn").configure(
            num_classes=CLASSES, frames=FRAMES, options=options, input_size=64
        )


def test_without_the_library_no_size_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.timm_image.find_spec", lambda name: None)
    assert find_size("test_vit") is None
