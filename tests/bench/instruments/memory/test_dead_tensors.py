"""Whether inference holds storages that nothing uses again."""

import weakref
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import models
from bench.workload.clips import blank_clip
from bench.workload.contentless import build_fake
from models.blresnet import Bottleneck
from tests.bench.instruments.memory.tiny import tiny
from tests.models.networks import OWN

FLOAT = 4  # bytes


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

    def dead_bytes_at_the_peak(self) -> int:
        """What is alive for nothing while the most is alive."""

        def alive(now: int) -> list[Life]:
            return [life for life in self.lives if life.birth <= now <= life.death]

        def size(now: int) -> int:
            return sum(life.size for life in alive(now))

        peak = max(range(len(self.block_inputs)), key=size)
        return sum(life.size for life in alive(peak) if life.last_use < peak)


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


VARIANTS = [
    *((name, {}) for name in OWN),
    *((name, {"temporal_pooling": "max"}) for name in ("tsn", "tsm", "tam", "i3d_resnet")),
    *((name, {"backbone": "inception_v1"}) for name in ("tsn", "tam")),
    *((name, {"depth": 18}) for name in ("tsn", "tsm", "tam", "i3d_resnet")),
]


def dead_bytes_at_the_peak(name: str, **options: Any) -> int:
    """The bytes that inference over a clip of the paper's size holds for nothing at its peak."""
    lives, frames = Lives(), 16
    make = partial(models.create_model, name, num_classes=174, frames=frames, **options)
    with FakeTensorMode():
        model = build_fake(make).eval()
        clip = blank_clip(model, (2, 3, frames, 224, 224))
        with torch.no_grad(), lives:
            model(clip)
    return lives.dead_bytes_at_the_peak()


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_no_network_of_ours_holds_anything_dead_at_its_peak(
    name: str, options: dict[str, Any]
) -> None:
    assert dead_bytes_at_the_peak(name, **options) == 0


def test_a_tsn_as_published_holds_the_input_of_its_first_stage_at_its_peak() -> None:
    stem = 2 * 16 * 64 * 56 * 56 * FLOAT
    assert dead_bytes_at_the_peak("tsn", formulation="published") == pytest.approx(stem, rel=0.001)
