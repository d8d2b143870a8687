"""The simulated instrument against a second tracker, a real CPU and real GPUs."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torchvision.models.video import swin_transformer

from bench.instruments.memory import simulate
from bench.instruments.memory.allocator import CachingAllocator
from bench.instruments.memory.blocks import Block
from bench.instruments.memory.ledger import Ledger
from bench.instruments.memory.simulated import simulate_point
from bench.instruments.memory.trace import StepTrace
from bench.workload import networks
from bench.workload.clips import blank_clip
from bench.workload.contentless import build_fake
from reports.gpu_peaks import error_of, point_of
from suites.gpu_memory import GpuPeak, load_gpu_peaks
from tests.bench.instruments.memory.real import real_peak
from tests.bench.instruments.memory.tiny import tiny
from tests.models import zoo
from tests.models.networks import SMALL, build, label, small_clip

# The tracker takes seconds for many modules; these have none that others of the list have not.
LIKE_OTHERS = (
    "blvnet",
    "c2d",
    "csn",
    "i3d_3x1x1",
    "mvit_v2_s",
    "r2plus1d",
    "s3d",
    "slowfast",
    "slowonly",
    "torchvision_s3d",
    "tsn_blnet",
)
# By the generation of the zoo.
MAX_SHORT = {"1.x": 0.002, "0.x": 0.009}
MAX_LONG_IN_BLOCKS = 0.003  # blocks of PyTorch's allocator may be larger than their tensors
FAIR = [peak for peak in load_gpu_peaks() if not (peak.waits_for or peak.contradicted_by)]
SIMULATED_PEAKS = [peak for peak in FAIR if peak.precision == "fp32"]
IN_HALF_PRECISION = [peak for peak in FAIR if peak.precision == "fp16"]
# The tracker keeps gradients of a module's inputs until it has those of all inputs.
OF_TWO_INPUTS = ("uniformerv2",)
TRACKED = [variant for variant in SMALL if variant[0] not in LIKE_OTHERS + OF_TWO_INPUTS]


def train_step_of(model: nn.Module, shape: tuple[int, ...]) -> tuple[Any, list[torch.Tensor]]:
    """A step in its steady state, as `simulate` defines it, and the tensors alive before it."""
    optimizer = torch.optim.SGD(model.train().parameters(), lr=0.01, momentum=0.9, foreach=True)
    clip, labels = blank_clip(model, shape), torch.zeros(shape[0], dtype=torch.long)
    for parameter in model.parameters():
        optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(clip), labels).backward()
        optimizer.step()

    momenta = [state["momentum_buffer"] for state in optimizer.state.values()]
    return step, [*model.parameters(), *model.buffers(), *momenta, clip, labels]


@pytest.mark.parametrize("variant", TRACKED, ids=label)
def test_equal_to_torchs_own_tracker(
    variant: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tracker takes what it sees: sums of gradients that are in place only without it.
    monkeypatch.setattr(Ledger, "_may_be_in_place", lambda *_: False)
    name, options = variant
    factory, shape = partial(build, name, **options), small_clip(name, batch=2)
    with FakeTensorMode():
        model = build_fake(factory)
        step, held = train_step_of(model, shape)
        tracker = MemTracker()
        tracker.track_external(model, *held)
        with tracker:
            step()
    (device,) = tracker.get_tracker_snapshot("peak").values()
    assert simulate(factory, shape, "train", device="cpu").peak_bytes == device["Total"]


@pytest.mark.parametrize("name", ["tsn", "blvnet_tam"])
def test_close_to_a_real_step_on_the_cpu(name: str) -> None:
    shape = (2, 3, 4, 96, 96)  # large enough for the weights that a convolution copies not to tell
    simulated = simulate(tiny(name), shape, "train", device="cpu").peak_bytes
    assert simulated == pytest.approx(real_peak(tiny(name), shape).tensors, rel=0.001)


AS_BUILT: dict[str, Callable[..., nn.Module]] = {  # config -> the source's own network
    "slowfast_r50_4x16x1_256e_8xb8_kinetics400_rgb": partial(zoo.SlowFast, "4x16"),
    "slowfast_r50_8x8x1_256e_8xb8_kinetics400_rgb": partial(zoo.SlowFast, "8x8"),
    "r2plus1d_r34_8x8x1_180e_kinetics400_rgb": zoo.r2plus1d_34,
}


@pytest.mark.parametrize("config", AS_BUILT)
def test_close_to_published_peaks_of_networks_that_their_zoo_builds_otherwise(config: str) -> None:
    (known,) = (peak for peak in load_gpu_peaks() if peak.config == config)
    build_theirs = partial(AS_BUILT[config], num_classes=known.num_classes, frames=known.frames)
    shape = point_of(known).clip_shape
    peak = simulate(build_theirs, shape, "train", known.precision, known.step)
    assert -0.009 <= error_of(known, peak.peak_bytes) < 0


def peak_in_blocks(trace: StepTrace) -> int:
    """The most that the modelled allocator gives away in a step, in whole blocks."""
    allocator, blocks = CachingAllocator(), dict[int, Block]()
    peak = 0
    for events in (trace.setup(), trace.first_step(), trace.later_step(), trace.later_step()):
        for event in events:
            if event.born and event.size_bytes:
                blocks[event.key] = allocator.allocate(event.size_bytes)
            elif event.key in blocks:
                allocator.free(blocks.pop(event.key))
            peak = max(peak, allocator.allocated_bytes)
    return peak


@pytest.mark.parametrize("known", SIMULATED_PEAKS, ids=lambda peak: peak.config)
def test_close_to_published_peaks_of_real_gpus(known: GpuPeak) -> None:
    point = point_of(known)
    factory = partial(networks.build, point)
    peak = simulate(factory, point.clip_shape, "train", known.precision, known.step)
    assert -MAX_SHORT[known.pytorch] <= error_of(known, peak.peak_bytes) < 0
    assert 0 < error_of(known, peak_in_blocks(peak.trace)) <= MAX_LONG_IN_BLOCKS
    default = simulate(factory, point.clip_shape, "train", known.precision)
    assert error_of(known, default.peak_bytes) < 2 * error_of(known, peak.peak_bytes)


@pytest.mark.parametrize("known", IN_HALF_PRECISION, ids=lambda peak: peak.network)
def test_close_to_published_peaks_in_half_precision(known: GpuPeak) -> None:
    peak = simulate_point(point_of(known))
    assert -0.007 <= error_of(known, peak.peak_bytes) < 0


def test_closer_with_the_masks_that_the_source_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """torchvision computes the masks of attention in every block."""
    known = IN_HALF_PRECISION[0]
    compute = swin_transformer._compute_attention_mask_3d
    masks: dict[object, torch.Tensor] = {}

    def keep(windows: torch.Tensor, *sizes: object) -> torch.Tensor:
        if sizes not in masks:
            masks[sizes] = compute(windows, *sizes)
        return masks[sizes]

    monkeypatch.setattr(swin_transformer, "_compute_attention_mask_3d", keep)
    peak = simulate_point(point_of(known))
    assert -MAX_SHORT[known.pytorch] <= error_of(known, peak.peak_bytes) < 0
    assert abs(error_of(known, peak_in_blocks(peak.trace))) < 1e-3
