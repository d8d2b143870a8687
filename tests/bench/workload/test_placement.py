from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from bench.errors import UnsupportedError
from bench.records.point import Device, Point
from bench.workload import placement
from bench.workload.placement import check_device
from tests.records import point

Build = Callable[[Point], nn.Module]
Placed = Callable[[Build, Point, Device], tuple[nn.Module, torch.Tensor]]
CLIP = {"frames": 2, "input_size": 4}


def built(_: Point) -> nn.Module:
    """A network with weights of two, four and five dimensions."""
    return nn.ModuleDict(
        {"conv3d": nn.Conv3d(3, 4, 3), "conv2d": nn.Conv2d(3, 4, 3), "linear": nn.Linear(4, 2)}
    )


def over_frames(where: Point) -> nn.Module:
    model = built(where)
    model.frames_first = True  # type: ignore[assignment]
    return model


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> Placed:
    """Places what a function builds in place of a point's network."""

    def placed(build: Build, where: Point, device: Device) -> tuple[nn.Module, torch.Tensor]:
        monkeypatch.setattr(placement, "build", build)
        return placement.place(where, device)

    return placed


def weights(model: nn.Module) -> dict[int, torch.Tensor]:
    return {weight.dim(): weight for weight in model.parameters() if weight.dim() > 1}


def test_the_same_weights_and_clip_are_drawn_every_time_and_nothing_else_is_disturbed(
    placed: Placed,
) -> None:
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    (model, clip), (again, same) = (placed(built, point(**CLIP), "cpu") for _ in range(2))
    assert torch.rand(1) == expected
    assert clip.shape == (1, 3, 2, 4, 4)
    assert torch.equal(clip, same)
    assert clip.std() > 0.5
    for one, other in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_as_built_nothing_is_stored_otherwise(placed: Placed) -> None:
    def last(where: Point) -> nn.Module:
        model = built(where)
        weight = weights(model)[4]
        weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        return model

    model, clip = placed(last, point(**CLIP), "cpu")
    assert weights(model)[4].is_contiguous(memory_format=torch.channels_last)
    assert not weights(model)[4].is_contiguous()
    assert clip.is_contiguous()
    model, clip = placed(last, point(**CLIP, memory_format="contiguous"), "cpu")
    assert weights(model)[4].is_contiguous()


def test_channels_last_is_for_weights_and_clips_with_sides(placed: Placed) -> None:
    model, clip = placed(built, point(**CLIP, memory_format="channels_last"), "cpu")
    assert weights(model)[5].is_contiguous(memory_format=torch.channels_last_3d)
    assert weights(model)[4].is_contiguous(memory_format=torch.channels_last)
    assert weights(model)[2].is_contiguous()
    assert clip.is_contiguous(memory_format=torch.channels_last_3d)


@pytest.mark.parametrize("memory_format", ["default", "contiguous", "channels_last"])
def test_the_clip_of_a_trunk_over_frames_stays_frame_by_frame(
    memory_format: str, placed: Placed
) -> None:
    _, clip = placed(over_frames, point(**CLIP, memory_format=memory_format), "cpu")
    assert clip.transpose(1, 2).is_contiguous()


@pytest.mark.parametrize(("execution", "compiled"), [("eager", False), ("compile", True)])
def test_a_network_is_compiled_where_that_is_asked_for(
    execution: str, compiled: bool, placed: Placed, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[nn.Module] = []

    def compile_(model: nn.Module) -> None:
        asked.append(model)

    monkeypatch.setattr(nn.Module, "compile", compile_)
    model, _ = placed(built, point(**CLIP, execution=execution), "cpu")
    assert asked == ([model] if compiled else [])


def cuda(monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int]) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "bf16"])
def test_a_cpu_has_every_precision_but_one(precision: str) -> None:
    check_device(point(precision=precision), "cpu")
    with pytest.raises(UnsupportedError, match="TF32 needs an NVIDIA GPU"):
        check_device(point(precision="tf32"), "cpu")


def test_without_cuda_it_is_said(placed: Placed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UnsupportedError, match="no CUDA device that PyTorch can use"):
        placed(built, point(**CLIP), "cuda")


@pytest.mark.parametrize(
    ("capability", "refused"),
    [((7, 5), {"tf32": "TF32", "bf16": "bfloat16 needs"}), ((8, 0), {}), ((9, 0), {})],
)
def test_precisions_need_the_generation_that_has_them(
    capability: tuple[int, int], refused: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    cuda(monkeypatch, capability)
    device: Device = "cuda"
    for precision in ("fp32", "tf32", "bf16", "fp16"):
        if precision in refused:
            with pytest.raises(UnsupportedError, match=refused[precision]):
                check_device(point(precision=precision), device)
        else:
            check_device(point(precision=precision), device)
