"""Timers of one step: wall-clock time, GPU time, or processor time, in seconds."""

import time
from collections.abc import Callable

import torch

from bench.records.point import Device
from bench.workload.steps import Step

Timer = Callable[[Step], float]


def time_on_cpu(step: Step) -> float:
    """The seconds that a step takes by the clock."""
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def time_on_cuda(step: Step) -> float:
    """The seconds between an event before and one after a step, on an idle GPU."""
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    start.record()
    step()
    end.record()
    end.synchronize()
    return float(start.elapsed_time(end)) / 1e3


def processor_seconds(step: Step) -> float:
    """The seconds that processors spend on this process during a step, all threads together."""
    start = time.process_time()
    step()
    return time.process_time() - start


TIMERS: dict[Device, Timer] = {"cpu": time_on_cpu, "cuda": time_on_cuda}
