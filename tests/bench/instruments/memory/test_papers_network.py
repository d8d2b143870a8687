"""What the paper's network takes to train and to run, by the layers' shapes."""

from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._pytree import tree_leaves

import models
from bench.instruments.memory import PeakMemory, simulate
from bench.workload.clips import blank_clip
from models.tam import Aggregation
from suites.fields import Mode

README = Path(__file__).parents[4] / "README.md"
FLOAT = 4  # bytes
MIB = 2**20
PAPER_CLIP = (8, 3, 16, 224, 224)


@cache
def paper_peak(name: str, depth: int, mode: Mode, **options: str) -> PeakMemory:
    return simulate(partial(paper_network, name, depth, **options), PAPER_CLIP, mode)


def paper_network(name: str, depth: int, **options: str) -> nn.Module:
    return models.create_model(name, num_classes=174, frames=16, depth=depth, **options)


@pytest.mark.parametrize(("depth", "infer_mib", "tsn_times"), [(50, 1000, 2.0), (101, 1060, 2.4)])
def test_memory_of_the_papers_network(depth: int, infer_mib: float, tsn_times: float) -> None:
    efficient = paper_peak("blvnet_tam", depth, "train").peak_bytes
    published = paper_peak("blvnet_tam", depth, "train", formulation="published").peak_bytes
    tsn = paper_peak("tsn", depth, "train").peak_bytes
    assert paper_peak("blvnet_tam", depth, "infer").peak_bytes <= infer_mib * MIB
    assert published - efficient >= 950 * MIB
    assert tsn >= tsn_times * efficient


@pytest.mark.parametrize("name", ["tsn", "tsm", "tam", "i3d_resnet", "s3d_resnet"])
def test_what_any_network_can_save_is_of_inference_alone(name: str) -> None:
    def peaks(mode: Mode) -> list[int]:
        formulations = ("efficient", "published")
        return [paper_peak(name, 50, mode, formulation=one).peak_bytes for one in formulations]

    saved, whole = peaks("infer")
    assert saved <= whole - 390 * MIB
    saved, whole = peaks("train")
    assert saved == whole or name == "tam"  # which copies frames as published


def test_the_largest_block_of_a_tsn_decides_what_it_needs_to_infer() -> None:
    peak = paper_peak("tsn", 50, "infer")
    # At 56 x 56: the first block's input of 64 channels, its residual and its shortcut, 256 each.
    block = 8 * 16 * (64 + 256 + 256) * 56 * 56 * FLOAT
    assert peak.by_kind["activations"] == pytest.approx(block, rel=0.001)


@pytest.mark.parametrize("depth", [50, 101])
@pytest.mark.parametrize(("mode", "name"), [("train", "training"), ("infer", "inference")])
def test_the_readme_compares_the_formulations(depth: int, mode: Mode, name: str) -> None:
    peaks = [
        paper_peak(network, depth, mode, formulation=formulation).peak_bytes / MIB
        for formulation in ("published", "efficient")
        for network in ("tsn", "blvnet_tam")
    ]
    cells = " | ".join(f"{peak:,.0f}" for peak in peaks)
    assert f"| depth {depth}, {name} | {cells} |" in README.read_text(encoding="utf-8")


def kept_for_backward(model: nn.Module, clip: torch.Tensor) -> int:
    """The bytes that backward must find of a bLVNet-TAM's forward pass, by the layers' shapes.

    A batch norm needs its input, that is a convolution's output, and a mean and a deviation for
    each channel; a ReLU its result, which it writes over the batch norm's. A TAM needs its results,
    and its input is a ReLU's result; a convolution's input is one of these, a pool's result or the
    clip. Sums, resizing and the mean need nothing, and the head is too small to count.
    """
    kept = 0

    def keep(module: nn.Module, args: Any, out: Any) -> None:
        nonlocal kept
        if isinstance(module, nn.BatchNorm2d):
            kept += args[0].numel() + 2 * module.num_features
        elif isinstance(module, nn.ReLU | nn.AvgPool2d | Aggregation):
            kept += sum(result.numel() for result in tree_leaves(out))

    for module in model.modules():
        module.register_forward_hook(keep)
    model(clip)
    return kept * FLOAT


@pytest.mark.parametrize("depth", [50, 101])
def test_training_keeps_what_backward_needs_and_nothing_else(depth: int) -> None:
    with torch.device("meta"):
        model = paper_network("blvnet_tam", depth)
        floor = kept_for_backward(model, blank_clip(model, PAPER_CLIP))
    # At the peak, the first layer of the last block is in its backward pass. What that block kept
    # is gone: two tensors of its width, 2048, and four of a quarter of it, over 64 frames of 7 x 7.
    last_block = (2 + 4 / 4) * 64 * 2048 * 7 * 7 * FLOAT
    activations = paper_peak("blvnet_tam", depth, "train").by_kind["activations"]
    assert activations == pytest.approx(floor - last_block, rel=0.001)
