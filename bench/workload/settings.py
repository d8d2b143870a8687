"""What torch computes with while something is measured: fixed, on record, and restored after."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from bench.records.point import Device
from bench.records.record import Scalar
from suites.fields import Precision

SEED = 0  # of weights and clips: no figure depends on values, but a failure may

Settings = dict[str, Scalar]


@contextmanager
def fix_settings(
    device: Device, precision: Precision, *, threads: int, cudnn_benchmark: bool
) -> Iterator[Settings]:
    """Within: torch computes with `threads` on the CPU, and on CUDA as is said here.

    `fp32` means it: TF32 is for `tf32` alone. `cudnn_benchmark` lets cuDNN try its algorithms and
    keep the fastest. Yields what a record should hold of this.
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
        yield {"threads": threads, "seed": SEED, **on_cuda}


@contextmanager
def fix_seed() -> Iterator[None]:
    """Within: random numbers start at `SEED`; after, they go on as if nothing had been drawn."""
    devices = range(torch.cuda.device_count() if torch.cuda.is_initialized() else 0)
    with torch.random.fork_rng(devices):
        torch.manual_seed(SEED)
        yield
