"""The ceilings of a machine: the rates of a matrix multiplication and of a copy.

A network reaches a share of them (Williams, Waterman and Patterson, "Roofline", 2009).
"""

from dataclasses import dataclass
from functools import partial

import torch

from bench.records.point import Device
from bench.workload.steps import HALF
from bench.workload.timers import TIMERS
from bench.workload.torch_settings import fix_settings
from suites.fields import Precision

SIDES: dict[Device, tuple[int, ...]] = {  # of the matrices, up to sizes that fill no cache
    "cpu": (256, 512, 1024, 2048),
    "cuda": (2048, 4096, 8192),
}
LONG_S = 0.1  # a product that takes longer shows the rate: some CPUs are slow in half precision
COPIED_BYTES: dict[Device, int] = {"cpu": 1 << 28, "cuda": 1 << 30}
REPEATS = 5  # the fastest counts: other processes can only slow it down


@dataclass(frozen=True)
class Ceilings:
    """Multiply-accumulates a second, and bytes read and written a second."""

    macs_per_second: float
    bytes_per_second: float


def measure(device: Device, precision: Precision, threads: int) -> Ceilings:
    """Measure both rates on `device`; a CPU uses `threads`."""
    size, timer = COPIED_BYTES[device], TIMERS[device]
    dtype = HALF.get(precision, torch.float32)
    with fix_settings(device, precision, threads=threads, cudnn_benchmark=True):
        for side in SIDES[device]:
            a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
            multiply = partial(torch.mm, a, b, out=torch.empty_like(a))
            multiply()  # the first chooses kernels
            seconds = timer(multiply)
            if seconds > LONG_S:
                break
        seconds = min(seconds, *(timer(multiply) for _ in range(REPEATS)))
        source = torch.ones(size, dtype=torch.uint8, device=device)
        target = torch.zeros_like(source)  # writing to it makes its pages exist
        copy = min(timer(partial(target.copy_, source)) for _ in range(REPEATS))
    return Ceilings(side**3 / seconds, 2 * size / copy)
