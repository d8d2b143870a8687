from typing import Any

import pytest
import torch
from torch import nn

import models
from models.slowfast import RATIOS, slow_frames
from tests.models.networks import build, lively, logits

NARROW = 0.125


@pytest.mark.parametrize(("frames", "count"), [(32, 8), (32, 4), (64, 16), (8, 1), (16, 4)])
def test_slow_frames_are_the_authors(frames: int, count: int) -> None:
    expected = torch.linspace(0, frames - 1, count, dtype=torch.float64).long().tolist()
    assert slow_frames(frames, count) == expected


@pytest.mark.parametrize(("sampling", "frames"), [("4x16", 32), ("8x8", 32), ("16x8", 64)])
def test_a_sampling_says_what_the_slow_pathway_sees(sampling: str, frames: int) -> None:
    with torch.device("meta"):
        model: Any = models.create_model(
            "slowfast", num_classes=5, frames=frames, sampling=sampling
        )
    assert len(model.slow_frames) == int(sampling.partition("x")[0]) == frames // RATIOS[sampling]


def test_the_pathways_see_their_frames_alone() -> None:
    model: Any = lively(models.create_model("slowfast", num_classes=5, frames=8, width=NARROW))
    seen = {}
    for name in ("slow", "fast"):
        stem = model.get_submodule(f"{name}.stem.conv1")
        stem.register_forward_hook(lambda _, args, __, to=name: seen.update({to: args[0]}))
    clip = torch.randn(1, 3, 8, 32, 32, dtype=torch.float64)
    logits(model, clip)
    assert torch.equal(seen["fast"], clip)
    assert torch.equal(seen["slow"], clip[:, :, [0, 7]])


def temporal_convolutions(model: nn.Module, start: str) -> int:
    """The convolutions in time of the layers whose names begin with `start`."""
    return sum(
        isinstance(module, nn.Conv3d) and module.kernel_size[0] > 1
        for name, module in model.named_modules()
        if name.startswith(start)
    )


@pytest.mark.parametrize(
    ("depth", "sampling", "slow", "fast"),
    [(50, "8x8", 9, 16 + 1), (101, "8x8", 26, 33 + 1), (101, "16x8", 9, 16 + 1)],
)
def test_blocks_convolve_in_time_where_the_paper_says(
    depth: int, sampling: str, slow: int, fast: int
) -> None:
    with torch.device("meta"):
        model = build("slowfast", depth=depth, sampling=sampling)
    assert temporal_convolutions(model, "slow.") == slow
    assert temporal_convolutions(model, "fast.") == fast
    assert temporal_convolutions(model, "laterals.") == 4


def test_frames_must_suit_every_sampling() -> None:
    with pytest.raises(models.NetworkError, match="multiple of 8 frames, not 12: use 8 or 16"):
        models.create_model("slowfast", num_classes=5, frames=12)


def test_names_in_the_authors_files() -> None:
    names = {
        "slow.stages.2.0.residual.conv1.weight": "s4.pathway0_res0.branch2.a.weight",
        "fast.stages.0.2.residual.bn3.bias": "s2.pathway1_res2.branch2.c_bn.bias",
        "fast.stem.bn1.weight": "s1.pathway1_stem.bn.weight",
        "laterals.0.conv1.weight": "s1_fuse.conv_f2s.weight",
        "laterals.3.bn1.running_mean": "s4_fuse.bn.running_mean",
        "head.classifier.weight": "head.projection.weight",
    }
    authors = models.get_network("slowfast").layouts[1]
    assert {ours: authors.rename(ours) for ours in names} == names
