"""The simulated instrument against hand arithmetic, a second tracker, a real CPU and real GPUs."""

import gc
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torch.profiler import ProfilerActivity, profile
from torch.utils.checkpoint import checkpoint_sequential

import models
from bench.clips import blank_clip
from bench.errors import BenchError
from bench.memory import build_fake, simulate
from suites.gpu_memory import GpuPeak, load_gpu_peaks
from tests.models.networks import SMALL, build, label, small_clip

FLOAT = 4  # bytes


def two_layers() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 7, bias=False), nn.Linear(7, 5, bias=False))


def test_training_by_hand_to_the_byte() -> None:
    peak = simulate(two_layers, (3, 3, 1, 2, 2), "train", block_bytes=1)
    weights = (12 * 7 + 7 * 5) * FLOAT
    # The peak is in the backward pass, when the first weight's gradient is born: the second's is
    # there, and so are the hidden layer's gradient, the loss and the gradient that it started from.
    # The hidden layer, the logits and the logits' gradient are gone.
    hidden, loss = 3 * 7 * FLOAT, FLOAT
    assert peak.by_kind == {
        "parameters": weights,
        "optimizer": weights,
        "inputs": 3 * 12 * FLOAT + 3 * 8,
        "buffers": 0,
        "gradients": 7 * 5 * FLOAT,
        "activations": loss,
        "temporaries": hidden + loss + 12 * 7 * FLOAT,
    }
    assert peak.peak_bytes == sum(peak.by_kind.values())


def test_inference_by_hand_to_the_byte() -> None:
    peak = simulate(two_layers, (3, 3, 1, 2, 2), "infer", block_bytes=1)
    assert peak.by_kind == {
        "parameters": (12 * 7 + 7 * 5) * FLOAT,
        "inputs": 3 * 12 * FLOAT,
        "activations": (3 * 7 + 3 * 5) * FLOAT,  # a layer's input lives until its output is there
        "buffers": 0,
        "gradients": 0,
        "optimizer": 0,
        "temporaries": 0,
    }


def test_every_storage_takes_whole_blocks() -> None:
    def layer() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(129, 1, bias=False))

    shape = (1, 129, 1, 1, 1)  # 516 bytes, twice; and a logit of 4
    assert simulate(layer, shape, "infer", block_bytes=1).peak_bytes == 516 + 516 + 4
    assert simulate(layer, shape, "infer").peak_bytes == 1024 + 1024 + 512


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


def tiny(name: str) -> Callable[[], nn.Module]:
    return partial(models.create_model, name, num_classes=10, frames=4, width=0.125)


@pytest.mark.parametrize("variant", SMALL, ids=label)
def test_equal_to_torchs_own_tracker(variant: tuple[str, dict[str, Any]]) -> None:
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
    assert simulate(factory, shape, "train", block_bytes=1).peak_bytes == device["Total"]


def test_a_factory_that_reads_values_is_simulated() -> None:
    def tied() -> nn.Module:
        first, second = nn.Linear(12, 12, bias=False), nn.Linear(12, 12, bias=False)
        nn.init.trunc_normal_(first.weight)  # looks whether a value is out of bounds
        second.weight = first.weight
        return nn.Sequential(nn.Flatten(), nn.Flatten(), first, second)

    def plain() -> nn.Module:
        first, second = nn.Linear(12, 12, bias=False), nn.Linear(12, 12, bias=False)
        second.weight = first.weight
        return nn.Sequential(nn.Flatten(), nn.Flatten(), first, second)

    for mode in ("train", "infer"):
        assert simulate(tied, (1, 3, 1, 2, 2), mode) == simulate(plain, (1, 3, 1, 2, 2), mode)


def test_a_factory_that_changes_the_type_is_simulated() -> None:
    class Halved(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.classifier = nn.Linear(12, 5, bias=False)
            self.half()

        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            return self.classifier(clip.flatten(1).half())

    peak = simulate(Halved, (1, 3, 1, 2, 2), "infer", block_bytes=1)
    assert peak.by_kind["parameters"] == 12 * 5 * 2


@pytest.mark.parametrize("name", ["tsn", "blvnet_tam"])
def test_close_to_a_real_step_on_the_cpu(name: str) -> None:
    shape = (2, 3, 4, 64, 64)
    step, held = train_step_of(model := tiny(name)(), shape)
    step()
    model.zero_grad(set_to_none=True)
    gc.collect()
    with profile(
        activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True
    ) as profiler:
        step()
    events = profiler.profiler.kineto_results.events()
    changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    alive = sum(tensor.untyped_storage().nbytes() for tensor in held)
    peak = alive
    for _, change in changes:
        alive += change
        peak = max(peak, alive)
    simulated = simulate(tiny(name), shape, "train", block_bytes=1).peak_bytes
    assert simulated == pytest.approx(peak, rel=0.02)


@pytest.mark.parametrize("known", load_gpu_peaks(), ids=lambda peak: f"{peak.frames} frames")
def test_close_to_published_peaks_of_real_gpus(known: GpuPeak) -> None:
    factory = partial(
        models.create_model,
        known.network,
        num_classes=known.num_classes,
        frames=known.frames,
        depth=known.depth,
    )
    peak = simulate(factory, (known.batch, 3, known.frames, 224, 224), "train")
    assert peak.peak_bytes / 2**20 == pytest.approx(known.peak_mib, rel=0.03)


def test_a_simulation_repeats() -> None:
    first, second = (simulate(tiny("blvnet_tam"), (2, 3, 4, 64, 64)) for _ in range(2))
    assert first == second


def test_a_frozen_parameter_has_no_gradient_and_no_momentum() -> None:
    def frozen() -> nn.Module:
        network = two_layers()
        network[1].weight.requires_grad_(False)  # type: ignore[index]
        return network

    all_trained = simulate(two_layers, (3, 3, 1, 2, 2), block_bytes=1)
    part = simulate(frozen, (3, 3, 1, 2, 2), block_bytes=1)
    assert part.by_kind["optimizer"] == all_trained.by_kind["optimizer"] - 12 * 7 * FLOAT


def test_a_duplicated_tensor_is_seen() -> None:
    class Copying(nn.Module):
        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            copy = clip.clone()
            return (clip + copy).mean((2, 3, 4))

    class Sparing(nn.Module):
        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            return (clip + clip).mean((2, 3, 4))

    shape = (1, 3, 4, 8, 8)
    copying, sparing = (simulate(network, shape, "infer") for network in (Copying, Sparing))
    assert copying.peak_bytes - sparing.peak_bytes == 3 * 4 * 8 * 8 * FLOAT


def test_a_network_without_parameters_cannot_be_trained() -> None:
    with pytest.raises(BenchError, match="mode 'infer'"):
        simulate(nn.Flatten, (1, 3, 1, 2, 2), "train")
    assert simulate(nn.Flatten, (1, 3, 1, 2, 2), "infer").by_kind["parameters"] == 0


def test_a_shared_parameter_counts_once() -> None:
    def shared() -> nn.Module:
        layer = nn.Linear(12, 12, bias=False)
        return nn.Sequential(nn.Flatten(), layer, nn.ReLU(), layer)

    peak = simulate(shared, (3, 3, 1, 2, 2), "train", block_bytes=1)
    assert peak.by_kind["parameters"] == peak.by_kind["optimizer"] == 12 * 12 * FLOAT


def test_recomputed_activations_save_memory() -> None:
    class Recomputing(nn.Sequential):
        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            x = checkpoint_sequential(self[:-1], 4, clip.flatten(1), use_reentrant=False)
            return self[-1](x)

    def deep(kind: type[nn.Sequential]) -> nn.Module:
        layers = [layer for _ in range(16) for layer in (nn.Linear(48, 48), nn.Tanh())]
        return kind(*layers, nn.Linear(48, 5))

    shape = (512, 3, 1, 4, 4)
    plain = simulate(lambda: nn.Sequential(nn.Flatten(), deep(nn.Sequential)), shape)
    sparing = simulate(lambda: deep(Recomputing), shape)
    assert sparing.peak_bytes < 0.6 * plain.peak_bytes


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(BenchError, match="'train' or 'infer', not 'eval'"):
        simulate(two_layers, (3, 3, 1, 2, 2), "eval")  # type: ignore[arg-type]
