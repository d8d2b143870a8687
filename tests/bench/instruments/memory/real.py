"""Peaks of real steps on the CPU, by the events of PyTorch's allocator."""

from collections.abc import Callable

from torch import nn
from torch.profiler import ProfilerActivity, profile, record_function

from bench.workload.clips import blank_clip
from bench.workload.steps import make_step
from suites.fields import Mode, Precision
from suites.step import DEFAULT_STEP, StepOptions

SETTLING_STEPS = 2  # after them momentum exists


def real_peak(
    factory: Callable[[], nn.Module],
    shape: tuple[int, ...],
    mode: Mode = "train",
    precision: Precision = "fp32",
    step: StepOptions = DEFAULT_STEP,
) -> int:
    """The most that the allocator has given out at once during the third step.

    The network is built while the profiler runs: nothing is presumed of what it holds.
    """
    activities = [ProfilerActivity.CPU]
    with profile(activities=activities, profile_memory=True, acc_events=True) as profiler:
        model = factory()
        run = make_step(model, blank_clip(model, shape).normal_(), mode, precision, step)
        for _ in range(SETTLING_STEPS):
            run()
        with record_function("measured"):
            run()
    events = profiler.profiler.kineto_results.events()
    (measured,) = (event for event in events if event.name() == "measured")
    memory = [event for event in events if event.name() == "[memory]"]
    alive = peak = 0
    for event in sorted(memory, key=lambda event: event.start_ns()):
        if event.start_ns() > measured.end_ns():
            break
        alive += event.nbytes()
        if event.start_ns() >= measured.start_ns():
            peak = max(peak, alive)
    return peak
