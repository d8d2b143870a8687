"""Peak memory of a training step or a forward pass, simulated without a GPU.

A clip is N x C x T x H x W; every figure is in bytes. The network runs on tensors that have shapes
and storages but no contents, and nothing is computed. A ledger follows the birth and death of every
storage. The CUDA context and the workspaces of libraries are not included.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial

from torch import nn

from bench.instruments.memory.ledger import Event, Ledger
from bench.instruments.memory.replay import replay
from bench.instruments.memory.trace import StepTrace
from bench.instruments.memory.training import train
from bench.instruments.reading import Reading
from bench.records.point import Point
from bench.workload.clips import blank_clip, check_clip_shape
from bench.workload.contentless import Device, run_contentless
from bench.workload.networks import build
from bench.workload.steps import check_mode, make_step
from suites.fields import Mode, Precision
from suites.step import DEFAULT_STEP, StepOptions

CUDA_BLOCK_BYTES = 512  # PyTorch's CUDA allocator rounds sizes up to a multiple of this


@dataclass(frozen=True)
class PeakMemory:
    """The largest number of bytes alive at once, those bytes by kind, and the `trace` of the step.

    `buffers` are also other tensors that the network keeps, `buckets` those of
    DistributedDataParallel, `inputs` the clip and its labels. `activations` are born in the forward
    pass, `temporaries` in the backward pass and the update.
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
    factory = partial(build, point)
    return simulate(factory, point.clip_shape, point.mode, point.precision, point.step)


def simulate(
    model_factory: Callable[[], nn.Module],
    clip_shape: tuple[int, ...],
    mode: Mode = "train",
    precision: Precision = "fp32",
    step: StepOptions = DEFAULT_STEP,
    *,
    device: Device = "gpu",
) -> PeakMemory:
    """Return the peak of one step of the network that `model_factory` builds, in bytes.

    `train` is the steady state of training: forward, cross-entropy, backward and the update that
    `step` describes, on a GPU. `infer` is a forward pass without gradients. `clip_shape` is
    (N, C, T, H, W). The allocator of a `gpu` rounds the size of every storage up, and some of its
    kernels take memory while they run; a `cpu` does neither. Attention and dropout store what they
    store on `device`; types in `bf16` and `fp16` are those of a GPU. Raises `BenchError` for an
    unknown mode, for another shape, and for training a network without parameters.
    """
    check_mode(mode)
    check_clip_shape(clip_shape)

    def run(model: nn.Module) -> PeakMemory:
        clip = blank_clip(model, clip_shape)
        events: list[Event] = []
        is_gpu = device == "gpu"
        block_bytes = CUDA_BLOCK_BYTES if is_gpu else 1
        ledger = Ledger(block_bytes, events.append, has_scratch=is_gpu)
        ledger.enter(model.parameters(), "parameters")
        ledger.enter(model.buffers(), "buffers")
        ledger.enter([clip], "inputs")
        if mode == "train":
            train(model, clip, precision, step, ledger)
        else:
            infer = make_step(model, clip, mode, precision)
            with ledger:
                infer()
        return PeakMemory(ledger.peak_bytes, ledger.peak_by_kind, StepTrace(tuple(events)))

    return run_contentless(model_factory, precision, run, device)
