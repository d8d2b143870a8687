from typing import Any

import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import models
from models.aggregation import FORMULATIONS, Aggregation
from models.layouts import best_layout
from models.residual import DEPTHS
from models.temporal import TemporalShift
from tests.models.networks import BLIND, OWN, SMALL, SMALL_OWN, build, label, lively, small_clip

NARROW = 0.25


def logits(model: nn.Module, clip: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        result: torch.Tensor = model(clip)
    return result


def random_clip(name: str, batch: int = 1) -> torch.Tensor:
    generator = torch.manual_seed(1)
    return torch.randn(small_clip(name, batch), dtype=torch.float64, generator=generator)


def narrow(name: str, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    return lively(build(name, width=NARROW, **options))


@pytest.mark.parametrize("variant", SMALL_OWN, ids=label)
def test_only_the_blind_ones_ignore_the_order_of_frames(
    variant: tuple[str, dict[str, Any]],
) -> None:
    name, options = variant
    model, clip = narrow(name, **options), random_clip(name)
    order = torch.randperm(clip.shape[2], generator=torch.manual_seed(3))
    one, other = logits(model, clip), logits(model, clip[:, :, order])
    if name in BLIND:
        torch.testing.assert_close(one, other)
    else:
        assert (one - other).abs().max() > 1e-6 * one.abs().max()


@pytest.mark.parametrize("option", [{"temporal_pooling": "max"}, {"temporal_module": "tam"}])
def test_temporal_options_see_the_order_of_frames(option: dict[str, str]) -> None:
    model, clip = narrow("i3d_resnet", depth=18, **option), random_clip("i3d_resnet")
    one, other = logits(model, clip), logits(model, clip.flip(2))
    assert (one - other).abs().max() > 1e-6 * one.abs().max()


@pytest.mark.parametrize(("depth", "shifts"), [(18, 8), (50, 16), (101, 18), (152, 26)])
def test_tsm_shifts_every_second_block_of_long_networks(depth: int, shifts: int) -> None:
    with torch.device("meta"):
        model = build("tsm", depth=depth)
    assert sum(isinstance(module, TemporalShift) for module in model.modules()) == shifts


@pytest.mark.parametrize("formulation", FORMULATIONS)
@pytest.mark.parametrize(
    ("name", "options", "modules"),
    [
        ("tam", {"depth": 18}, 8),
        ("tam", {"depth": 101}, 33),
        ("tam", {"backbone": "inception_v1"}, 12),
        ("blvnet_tam", {"depth": 50}, 7),
        ("blvnet", {"depth": 50}, 0),
    ],
)
def test_temporal_aggregation_modules_stand_where_the_papers_say(
    name: str, options: dict[str, Any], modules: int, formulation: str
) -> None:
    with torch.device("meta"):
        model = build(name, formulation=formulation, **options)
    assert sum(isinstance(module, Aggregation) for module in model.modules()) == modules


@settings(max_examples=15, deadline=None)
@given(
    frames=st.integers(1, 9), formulation=st.sampled_from(FORMULATIONS), seed=st.integers(0, 2**16)
)
def test_tsm_is_a_tam_that_moves_channels(frames: int, formulation: str, seed: int) -> None:
    torch.manual_seed(seed)
    shift = lively(models.create_model("tsm", num_classes=3, frames=frames, depth=18, width=NARROW))
    aggregation = models.create_model(
        "tam", num_classes=3, frames=frames, depth=18, width=NARROW, formulation=formulation
    )
    state = aggregation.double().eval().state_dict()
    aggregation.load_state_dict({**state, **shift.state_dict()})
    for module in aggregation.modules():
        if isinstance(module, Aggregation):
            imitate_shift(module)
    clip = torch.randn(2, 3, frames, 32, 32, dtype=torch.float64)
    torch.testing.assert_close(logits(aggregation, clip), logits(shift, clip))


def imitate_shift(module: Aggregation) -> None:
    """Weights that shift: an eighth of the channels from the next frame, an eighth from before.

    They are 0 or 1 and a block's input comes from a ReLU, so the module's own ReLU changes nothing.
    """
    before, here, after = module.weights
    eighth = len(here) // 8
    with torch.no_grad():
        before.zero_()[eighth : 2 * eighth] = 1
        here.zero_()[2 * eighth :] = 1
        after.zero_()[:eighth] = 1


@pytest.mark.parametrize("variant", [v for v in SMALL if v[0] in OWN], ids=label)
def test_starting_weights(variant: tuple[str, dict[str, Any]]) -> None:
    name, options = variant
    model = build(name, num_classes=50, **options)
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.5]
    classifier = model.get_parameter("head.classifier.weight")
    assert classifier.std().item() == pytest.approx(0.001, rel=0.05)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d) and module.weight.numel() > 1e5:
            fan_out = module.out_channels * module.weight[0, 0].numel()
            assert module.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d | nn.BatchNorm3d)]
    scales = {norm.weight.mean().item() for norm in norms}
    assert scales == ({0.0, 1.0} if "bl" in name else {1.0})


@pytest.mark.parametrize("name", ["tsn", "tsm", "tam", "i3d_resnet", "s3d_resnet"])
@pytest.mark.parametrize("frames", [1, 3, 4])
def test_temporal_pooling_takes_any_number_of_frames(name: str, frames: int) -> None:
    model = models.create_model(
        name, num_classes=6, frames=frames, depth=18, temporal_pooling="max", width=NARROW
    )
    assert logits(model.eval(), torch.randn(2, 3, frames, 33, 47)).shape == (2, 6)


@pytest.mark.parametrize(("pooling", "least"), [("none", 2), ("max", 5)])
def test_s3d_refuses_too_few_frames(pooling: str, least: int) -> None:
    with torch.device("meta"):
        model = models.create_model("s3d", num_classes=6, frames=least, temporal_pooling=pooling)
        assert model(torch.empty(1, 3, least, 64, 64)).shape == (1, 6)
        with pytest.raises(models.NetworkError, match=f"{least - 1} frames are too few"):
            models.create_model("s3d", num_classes=6, frames=least - 1, temporal_pooling=pooling)


@pytest.mark.parametrize("variant", SMALL_OWN, ids=label)
def test_clips_of_a_batch_do_not_mix(variant: tuple[str, dict[str, Any]]) -> None:
    name, options = variant
    model, clip = narrow(name, **options), random_clip(name, batch=2)
    torch.testing.assert_close(logits(model, clip)[:1], logits(model, clip[:1]))


@pytest.mark.parametrize("variant", SMALL_OWN, ids=label)
def test_storage_order_of_the_clip_does_not_matter(variant: tuple[str, dict[str, Any]]) -> None:
    name, options = variant
    model, clip = narrow(name, **options), random_clip(name)
    frames_first = clip.transpose(1, 2).contiguous().transpose(1, 2)
    torch.testing.assert_close(logits(model, frames_first), logits(model, clip))


@pytest.mark.parametrize("name", OWN)
def test_width_scales_parameters_by_its_square(name: str) -> None:
    with torch.device("meta"):
        whole, half = build(name), build(name, width=0.5)
    counts = [sum(p.numel() for p in model.parameters() if p.dim() > 2) for model in (whole, half)]
    assert counts[1] / counts[0] == pytest.approx(0.25, rel=0.02)


def test_torchvision_names_a_network_that_clashes_with_a_prefix() -> None:
    with torch.device("meta"):
        theirs = build("torchvision_s3d")
    assert type(theirs.network).__module__.startswith("torchvision.")
    assert "torchvision_mvit_v2_s" not in models.list_models()


def test_mvit_takes_one_size_only() -> None:
    with pytest.raises(models.NetworkError, match="takes 16 frames, not 8"):
        models.create_model("mvit_v2_s", num_classes=6, frames=8)
    with torch.device("meta"):
        model = build("mvit_v2_s")
        with pytest.raises(models.NetworkError, match="224 x 224 pixels, not 112 x 112"):
            model(torch.empty(1, 3, 16, 112, 112))


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_resnet_is_torchvisions(depth: int) -> None:
    theirs = torchvision.models.get_model(f"resnet{depth}", weights=None, num_classes=4)
    check_against_torchvision("tsn", lively_norms(theirs), {"depth": depth})


def test_the_inception_is_torchvisions() -> None:
    theirs = torchvision.models.GoogLeNet(num_classes=4, aux_logits=False, init_weights=False)
    check_against_torchvision("tsn", lively_norms(theirs), {"backbone": "inception_v1"})


def lively_norms(model: nn.Module) -> nn.Module:
    for parameter in model.parameters():
        if parameter.dim() == 1:
            nn.init.uniform_(parameter, 0.5, 1)
    return model.double().eval()


def check_against_torchvision(name: str, theirs: nn.Module, options: dict[str, Any]) -> None:
    """A clip of one frame has torchvision's logits."""
    ours = models.create_model(name, num_classes=4, frames=1, **options).double().eval()
    network = models.get_network(name)
    layout = best_layout(network.layouts, ours.state_dict(), theirs.state_dict())
    state = {key: theirs.state_dict()[layout.rename(key)] for key in ours.state_dict()}
    ours.load_state_dict(state)
    image = torch.randn(2, 3, 45, 67, dtype=torch.float64, generator=torch.manual_seed(0))
    torch.testing.assert_close(logits(ours, image.unsqueeze(2)), logits(theirs, image))
