"""What a machine can do at most: the rates of a matrix multiplication and of a copy.

A network's rates are shares of these (Williams, Waterman and Patterson, "Roofline", 2009).
"""

from dataclasses import dataclass

import torch

from bench.latency import TIMERS
from bench.records import Device, Precision
from bench.settings import fixed
from bench.steps import HALF

SIDE: dict[Device, int] = {"cpu": 2048, "cuda": 8192}  # of the matrices: far beyond the caches
COPIED_BYTES: dict[Device, int] = {"cpu": 1 << 28, "cuda": 1 << 30}
REPEATS = 5  # the fastest counts: others can only slow it down


@dataclass(frozen=True)
class Ceilings:
    """Multiply-accumulates a second, and bytes read and written a second."""

    macs_per_second: float
    bytes_per_second: float


def measure(device: Device, precision: Precision, threads: int) -> Ceilings:
    """Measure both on `device`, and on so many threads of the CPU."""
    side, size, timer = SIDE[device], COPIED_BYTES[device], TIMERS[device]
    dtype = HALF.get(precision, torch.float32)
    with fixed(device, precision, threads=threads, cudnn_benchmark=True):
        a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
        product = torch.empty_like(a)
        matmul = min(timer(lambda: torch.mm(a, b, out=product)) for _ in range(REPEATS))
        source = torch.ones(size, dtype=torch.uint8, device=device)
        target = torch.zeros_like(source)  # a page that nobody touched is not there yet
        copy = min(timer(lambda: target.copy_(source)) for _ in range(REPEATS))
    return Ceilings(side**3 / matmul, 2 * size / copy)
