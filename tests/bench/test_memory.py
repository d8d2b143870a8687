"""The simulated instrument against hand arithmetic, a second tracker, a real CPU and real GPUs."""

import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from math import inf
from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import checkpoint_sequential

import models
from bench.clips import blank_clip
from bench.contentless import build_fake
from bench.errors import BenchError
from bench.memory import PeakMemory, simulate
from bench.records import Mode
from models.aggregation import Aggregation
from models.blresnet import Bottleneck
from suites.gpu_memory import GpuPeak, load_gpu_peaks
from tests.models.networks import SMALL, build, label, small_clip

FLOAT = 4  # bytes
MIB = 2**20
PAPER_CLIP = (8, 3, 16, 224, 224)


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


# The tracker takes seconds for many modules; these have none that others of the list have not.
LIKE_OTHERS = ("blvnet", "mvit_v2_s", "s3d", "torchvision_s3d", "tsn_blnet")
TRACKED = [variant for variant in SMALL if variant[0] not in LIKE_OTHERS]


@pytest.mark.parametrize("variant", TRACKED, ids=label)
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
    shape = (2, 3, 4, 96, 96)  # large enough for the weights that a convolution copies not to tell
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


@dataclass
class Life:
    """Of a storage; operators are numbered: what made it, used it last and was the last it saw."""

    size: int
    birth: int
    last_use: int
    death: float = inf


class Lives(TorchDispatchMode):
    """Follows what operators allocate, and the inputs of the residual blocks that are running."""

    def __init__(self) -> None:
        super().__init__()
        self.lives: list[Life] = []
        self.block_inputs: list[list[Life]] = []  # by operator
        self._alive: dict[int, Life] = {}  # by the storage's address
        self._given: set[int] = set()  # the clip and the weights
        self._running: list[Life] = []
        self.end: float = inf

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given, out = storages((args, kwargs)), func(*args, **(kwargs or {}))
        self._given |= given.keys() - self._alive.keys()
        now = len(self.block_inputs)
        self.block_inputs.append([*self._running])
        for key, storage in storages(out).items() - given.items():
            life = Life(storage.nbytes(), now, now)
            self._alive[key] = life
            self.lives.append(life)
            weakref.finalize(storage, self._free, key).atexit = False
        for key in given.keys() & self._alive.keys():
            self._alive[key].last_use = now
        return out

    def _free(self, key: int) -> None:
        self._alive.pop(key).death = len(self.block_inputs) - 1

    def enter(self, block: nn.Module, args: Any) -> None:
        self._running.append(self._alive[args[0].untyped_storage()._cdata])

    def stop(self, module: nn.Module, args: Any) -> None:
        self.end = len(self.block_inputs)

    def leave(self, block: nn.Module, args: Any, out: Any) -> None:
        self._running.pop()

    def most_dead_bytes(self) -> int:
        """The most that was alive for nothing when something was allocated, before `stop`.

        Inputs of running blocks are left out: whoever calls a block holds them.
        """
        return max(
            sum(
                life.size
                for life in self.lives
                if life.last_use < now <= life.death
                and not any(life is held for held in self.block_inputs[now])
            )
            for now in {life.birth for life in self.lives if life.birth < self.end}
        )


def storages(values: Any) -> dict[int, torch.UntypedStorage]:
    tensors = (value for value in tree_leaves(values) if isinstance(value, torch.Tensor))
    found = (tensor.untyped_storage() for tensor in tensors)
    return {storage._cdata: storage for storage in found}


def most_dead_bytes(name: str, **options: str) -> int:
    """The most that inference keeps for nothing up to a Big-Little network's last stage."""
    lives = Lives()
    with FakeTensorMode():
        model = build_fake(partial(tiny(name), **options)).eval()
        for module in model.modules():
            if isinstance(module, Bottleneck):
                module.register_forward_pre_hook(lives.enter)
                module.register_forward_hook(lives.leave)
        last_stage = model.get_submodule("trunk.last_stage.0")
        last_stage.register_forward_pre_hook(lives.stop)
        clip = blank_clip(model, (2, 3, 4, 64, 64))
        with torch.no_grad(), lives:
            model(clip)
    return lives.most_dead_bytes()


@pytest.mark.parametrize("name", ["blvnet", "blvnet_tam", "tsn_blnet"])
def test_inference_keeps_nothing_that_is_never_used_again(name: str) -> None:
    assert most_dead_bytes(name) <= 1024  # some weights of a TAM, while they are put together


def test_the_published_way_keeps_what_is_never_used_again() -> None:
    stem = 2 * 4 * 8 * 32 * 32 * FLOAT  # its frames, while their odd and even ones are copied
    assert most_dead_bytes("blvnet_tam", formulation="published") >= stem
