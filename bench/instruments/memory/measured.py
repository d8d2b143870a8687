"""Peak memory of a step, measured on the machine.

A process keeps memory that it has used before: each point is measured in a fresh process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from bench.errors import UnsupportedError
from bench.instruments.reading import Reading
from bench.machine.environment import usable_cores
from bench.records.point import Device, Point
from bench.workload.placement import place
from bench.workload.steps import Step, make_step
from bench.workload.torch_settings import fix_settings
from suites.fields import Mode, Precision
from suites.step import DEFAULT_STEP, StepOptions

SETTLING_STEPS = 2  # after them momentum buffers, workspaces and casts exist
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"  # tells Linux to measure the peak from now on


@dataclass(frozen=True)
class MeasuredPeak:
    """The largest number of bytes in use at once, and the bytes that the allocator held.

    On CUDA, `peak_bytes` are those of tensors and `reserved_bytes` everything that PyTorch took
    from the device. On a CPU both are the growth of resident memory since before the network was
    built, which includes workspaces of libraries and freed tensors that the allocator keeps.
    """

    peak_bytes: int
    reserved_bytes: int


def read(point: Point, device: Device) -> Reading:
    """The peak of a step of `point` on `device`."""
    threads = usable_cores()
    with fix_settings(device, point.precision, threads=threads, cudnn_benchmark=False) as settings:
        peak = measure(
            partial(place, point, device), device, point.mode, point.precision, point.step
        )
    return Reading(
        (peak.peak_bytes,),
        {"allocator": {"reserved": peak.reserved_bytes}},
        settings=settings,
    )


def measure(
    place_network: Callable[[], tuple[nn.Module, Tensor]],
    device: Device,
    mode: Mode = "train",
    precision: Precision = "fp32",
    step: StepOptions = DEFAULT_STEP,
) -> MeasuredPeak:
    """Return the peak of a step of the network over the clip that `place_network` puts on `device`.

    The clip is N x C x T x H x W. The step is the one that `simulate` simulates. Raises torch's own
    error where the memory does not suffice, and `UnsupportedError` where the system does not report
    the memory of a process.
    """

    def make() -> Step:
        return make_step(*place_network(), mode, precision, step)

    return (_on_cuda if device == "cuda" else _on_cpu)(make)


def _on_cuda(make: Callable[[], Step]) -> MeasuredPeak:
    step = make()
    for _ in range(SETTLING_STEPS):
        step()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    step()
    torch.cuda.synchronize()
    return MeasuredPeak(torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved())


def _on_cpu(make: Callable[[], Step]) -> MeasuredPeak:
    if not CLEAR.exists():
        raise UnsupportedError(
            "this system does not report the peak memory of a process: use Linux"
        )
    _load_libraries()
    before = _resident_bytes("VmRSS")
    CLEAR.write_text(RESET_PEAK)
    step = make()
    for _ in range(SETTLING_STEPS + 1):
        step()
    peak = max(_resident_bytes("VmHWM") - before, 0)
    return MeasuredPeak(peak, peak)


def _load_libraries() -> None:
    """Have PyTorch load its libraries, whose memory is not the network's."""
    tiny = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(288, 2))
    make_step(tiny, torch.zeros(2, 3, 8, 8), "train")()


def _resident_bytes(key: str) -> int:
    """A figure of this process's memory in bytes, as Linux reports it."""
    for line in STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) * 1024
    raise UnsupportedError(f"this system does not report {key} of a process: use Linux")
