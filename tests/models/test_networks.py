from typing import Any

import pytest
import torch
from torch import nn

import models
from models.formulation import FORMULATIONS
from models.tam import Aggregation
from tests.models.networks import (
    BLIND,
    OWN,
    SMALL,
    SMALL_OWN,
    build,
    label,
    lively,
    logits,
    small_clip,
)

NARROW = 0.25


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


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("i3d_resnet", {"temporal_pooling": "max"}),
        ("i3d_resnet", {"temporal_module": "tam"}),
        ("c2d", {"temporal_pooling": "max"}),
    ],
)
def test_temporal_options_see_the_order_of_frames(name: str, option: dict[str, str]) -> None:
    model, clip = narrow(name, depth=18, **option), random_clip(name)
    one, other = logits(model, clip), logits(model, clip[:, :, [0, 2, 1, 3]])
    assert (one - other).abs().max() > 1e-6 * one.abs().max()


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


# A transformer starts from weights of its own kind, and has no dropout before its classifier.
CONVOLUTIONAL = [v for v in SMALL if v[0] in OWN and v[0] != "uniformer"]


@pytest.mark.parametrize("variant", CONVOLUTIONAL, ids=label)
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
    counts = [  # of all but depthwise convolutions, which see one channel
        sum(p.numel() for p in model.parameters() if p.dim() > 2 and p.shape[1] > 1)
        for model in (whole, half)
    ]
    assert counts[1] / counts[0] == pytest.approx(0.25, rel=0.02)
