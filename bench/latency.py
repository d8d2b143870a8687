"""Latency: seconds of a forward pass or a training step over one batch, on the CPU.

A clip is N x C x T x H x W. A machine that others use drifts: a network and its reference run in
turn, round by round, so that their ratio holds where neither time does.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor, nn

from bench.environment import usable_cores
from bench.errors import BenchError
from bench.records import Mode, median_ratio

ROUNDS = 7  # an odd number: the median is a sample; a busy second spoils a minority
WARM_UP = 1  # rounds: the first allocates, and chooses kernels


@dataclass(frozen=True)
class LatencySamples:
    """Seconds a batch of a network and of its reference, sample by sample of the same round."""

    seconds: tuple[float, ...]
    reference_seconds: tuple[float, ...] = ()

    @property
    def ratio(self) -> float:
        """How many times longer the reference takes: the median over the rounds.

        Raises `BenchError` where there was no reference.
        """
        if not self.reference_seconds:
            raise BenchError("there is no reference to compare with: measure with one")
        return median_ratio(self.reference_seconds, self.seconds)


def measure(
    model: nn.Module,
    clip: Tensor,
    mode: Mode = "infer",
    *,
    reference: nn.Module | None = None,
    rounds: int = ROUNDS,
) -> LatencySamples:
    """Time `model` over `clip` and, in turn with it, `reference`: `rounds` samples of each.

    `infer` is a forward pass in eval mode without gradients; `train` is forward, cross-entropy,
    backward and a step of SGD with momentum, which changes the weights. Raises `BenchError` for
    another mode, and for fewer than one round.
    """
    networks = [model] if reference is None else [model, reference]
    steps = [step(network, clip, mode) for network in networks]
    return LatencySamples(*interleave(steps, rounds))


def step(model: nn.Module, clip: Tensor, mode: Mode) -> Callable[[], object]:
    """What `measure` times of `model`: a call that runs it over `clip` once.

    Raises `BenchError` for another mode.
    """
    if mode not in get_args(Mode):
        raise BenchError(f"mode must be 'train' or 'infer', not {mode!r}")
    return _inference(model, clip) if mode == "infer" else _training(model, clip)


def interleave(
    steps: Sequence[Callable[[], object]], rounds: int, *, warm_up: int = WARM_UP
) -> list[tuple[float, ...]]:
    """Run every step once in each round, in turn, on all usable cores.

    Returns the seconds of each step by round; the `warm_up` rounds before are not kept. Raises
    `BenchError` for fewer than one round.
    """
    if rounds < 1:
        raise BenchError(f"a latency needs at least 1 round, not {rounds}")
    with _threads(usable_cores()):
        by_round = [[_seconds(run) for run in steps] for _ in range(warm_up + rounds)]
    return list(zip(*by_round[warm_up:], strict=True))


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _inference(model: nn.Module, clip: Tensor) -> Callable[[], object]:
    model.eval()

    def infer() -> None:
        with torch.no_grad():
            model(clip)

    return infer


def _training(model: nn.Module, clip: Tensor) -> Callable[[], object]:
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    labels = torch.zeros(len(clip), dtype=torch.long)

    def train() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(clip), labels).backward()
        optimizer.step()

    return train


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Within: torch computes with `count` threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
