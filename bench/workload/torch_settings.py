"""Settings of torch that are fixed and recorded during a measurement, and restored after it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from bench.records.measurement import THREADS
from bench.records.point import Device
from bench.records.record import Scalar
from suites.fields import Precision

SEED = 0  # of weights and clips: figures do not depend on their values, but failures may

Settings = dict[str, Scalar]


@contextmanager
def fix_settings(
    device: Device, precision: Precision, *, threads: int, cudnn_benchmark: bool
) -> Iterator[Settings]:
    """Within: torch uses these settings. Yields the ones that a record should have.

    `threads` compute on the CPU. On CUDA, TF32 is used for `tf32` only, never for `fp32`, and with
    `cudnn_benchmark` cuDNN tries its algorithms and keeps the fastest.
    """
    cudnn: Any = torch.backends.cudnn  # which declares no types
    with ExitStack() as after:
        after.enter_context(fix_seed())
        after.callback(torch.set_num_threads, torch.get_num_threads())
        after.callback(setattr, cudnn, "benchmark", cudnn.benchmark)
        torch.set_num_threads(threads)
        cudnn.benchmark = cudnn_benchmark
        for backend in (torch.backends.cuda.matmul, cudnn.conv):
            after.callback(setattr, backend, "fp32_precision", backend.fp32_precision)
            backend.fp32_precision = "tf32" if precision == "tf32" else "ieee"
        on_cuda: Settings = {"cudnn_benchmark": cudnn_benchmark} if device == "cuda" else {}
        yield {THREADS: threads, "seed": SEED, **on_cuda}


@contextmanager
def fix_seed() -> Iterator[None]:
    """Within: random numbers start from `SEED`. After: their state is as it was before."""
    devices = range(torch.cuda.device_count() if torch.cuda.is_initialized() else 0)
    with torch.random.fork_rng(devices):
        torch.manual_seed(SEED)
        yield
