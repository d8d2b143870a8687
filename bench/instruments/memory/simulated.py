"""Peak memory of a training step or a forward pass, simulated without a GPU.

A clip is N x C x T x H x W; every figure is in bytes. The network runs on tensors that have shapes
and storages but no contents, and nothing is computed. A ledger follows the birth and death of every
storage. The CUDA context and the workspaces of libraries are not included.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial

import torch
from torch import nn

from bench.instruments.memory.ledger import Ledger
from bench.instruments.memory.replay import replay
from bench.instruments.memory.trace import StepTrace
from bench.instruments.reading import Reading
from bench.records.point import Point
from bench.workload.clips import blank_clip, check_clip_shape
from bench.workload.contentless import run_contentless
from bench.workload.networks import build
from bench.workload.steps import TrainingStep, check_mode, make_step
from suites.fields import Mode, Precision

CUDA_BLOCK_BYTES = 512  # PyTorch's CUDA allocator rounds sizes up to a multiple of this


@dataclass(frozen=True)
class PeakMemory:
    """The largest number of bytes alive at once, those bytes by kind, and the `trace` of the step.

    `inputs` are the clip and its labels. `activations` are born in the forward pass, `temporaries`
    in the backward pass and the optimizer step.
    """

    peak_bytes: int
    by_kind: dict[str, int]
    trace: StepTrace = field(repr=False, compare=False)

    @cached_property
    def reserved_bytes(self) -> int:
        """The most that PyTorch's CUDA allocator reserves for a process that runs such steps."""
        return replay(self.trace)


def read(point: Point) -> Reading:
    """The simulated peak of a step of `point`."""
    peak = simulate_point(point)
    return Reading(
        (peak.peak_bytes,),
        {"by_kind": dict(peak.by_kind), "allocator": {"reserved": peak.reserved_bytes}},
    )


def simulate_point(point: Point) -> PeakMemory:
    """The peak of a step of `point`."""
    return simulate(partial(build, point), point.clip_shape, point.mode, point.precision)


def simulate(
    model_factory: Callable[[], nn.Module],
    clip_shape: tuple[int, ...],
    mode: Mode = "train",
    precision: Precision = "fp32",
    *,
    block_bytes: int = CUDA_BLOCK_BYTES,
) -> PeakMemory:
    """Return the peak of one step of the network that `model_factory` builds, in bytes.

    `train` is the steady state of training: forward, cross-entropy, backward and a step of SGD with
    momentum. Its momentum buffers exist, and its gradients were freed before the forward pass.
    `infer` is a forward pass without gradients. `bf16` and `fp16` use the types that autocast
    chooses on a CPU. `clip_shape` is (N, C, T, H, W). The size of every storage is rounded up to a
    multiple of `block_bytes`: 512 as PyTorch's CUDA allocator does, 1 for no rounding. Raises
    `BenchError` for an unknown mode, for another shape, and for training a network without
    parameters.
    """
    check_mode(mode)
    check_clip_shape(clip_shape)

    def run(model: nn.Module) -> PeakMemory:
        clip = blank_clip(model, clip_shape)
        trace = StepTrace()
        ledger = Ledger(block_bytes, trace)
        ledger.enter(model.parameters(), "parameters")
        ledger.enter(model.buffers(), "buffers")
        ledger.enter([clip], "inputs")
        if mode == "train":
            _train(TrainingStep(model, clip, precision, foreach=True), ledger, trace)
        else:
            infer = make_step(model, clip, mode, precision)
            trace.part = "passes"
            with ledger:
                infer()
        trace.part = None
        return PeakMemory(ledger.peak_bytes, ledger.peak_by_kind, trace)

    return run_contentless(model_factory, precision, run)


def _train(step: TrainingStep, ledger: Ledger, trace: StepTrace) -> None:
    """Run a training step with momentum buffers, and without gradients at its start."""
    ledger.enter([step.labels], "inputs")
    trace.part = "state"
    for parameter in step.parameters:
        momentum = torch.empty_like(parameter)
        step.optimizer.state[parameter]["momentum_buffer"] = momentum
        ledger.enter([momentum], "optimizer")
        parameter.register_post_accumulate_grad_hook(ledger.enter_gradient)
    trace.part = "passes"
    with ledger:
        loss = step.loss()
        ledger.born_as = "temporaries"
        loss.backward()
        trace.part = "update"
        step.optimizer.step()
        trace.part = None
