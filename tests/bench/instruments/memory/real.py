"""Peaks of real steps on the CPU, by the events of PyTorch's allocator."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import nn
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils._python_dispatch import TorchDispatchMode

from bench.workload.clips import blank_clip
from bench.workload.steps import make_step
from suites.fields import Mode, Precision
from suites.step import DEFAULT_STEP, StepOptions

MEASURED = "the measured step"  # the name of a range in the profile


@dataclass(frozen=True)
class RealPeak:
    """The most bytes that the allocator has given out at once during the third step.

    `tensors` leaves out scratch: what an operator takes and gives back while it runs.
    """

    all: int
    tensors: int


class Block(NamedTuple):
    """An allocation, or with a negative size its end, and the operator that ran; 0: none."""

    time: int
    size: int
    address: int
    operator: int


class _Names(TorchDispatchMode):
    """The names of the operators that run; the others are composed of them.

    It must not watch the measured step: PyTorch adds gradients up in place only without it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        self.found.add(func.name().partition(".")[0])
        return func(*args, **(kwargs or {}))


def real_peak(
    factory: Callable[[], nn.Module],
    shape: tuple[int, ...],
    mode: Mode = "train",
    precision: Precision = "fp32",
    step: StepOptions = DEFAULT_STEP,
) -> RealPeak:
    """The peak of a step of the network that `factory` builds.

    It is built while the profiler runs: nothing is presumed of what it holds.
    """
    activities = [ProfilerActivity.CPU]
    with profile(activities=activities, profile_memory=True, acc_events=True) as profiler:
        model = factory()
        run = make_step(model, blank_clip(model, shape).normal_(), mode, precision, step)
        names = _Names()
        with names:
            run()
        run()
        with record_function(MEASURED):
            run()
    roots = profiler.profiler.kineto_results.experimental_event_tree()
    start, end = next(
        (one.start_time_ns, one.end_time_ns) for one in _all(roots) if one.name == MEASURED
    )
    blocks = sorted(_blocks(roots, names.found))
    scratch = _scratch(blocks)
    return RealPeak(
        _most(blocks, start, end), _most([b for b in blocks if b not in scratch], start, end)
    )


def _all(events: Iterable[Any]) -> Iterator[Any]:
    for event in events:
        yield event
        yield from _all(event.children)


def _blocks(events: Iterable[Any], names: set[str], operator: int = 0) -> Iterator[Block]:
    for event in events:
        fields = event.extra_fields
        if hasattr(fields, "alloc_size"):
            yield Block(event.start_time_ns, fields.alloc_size, fields.ptr, operator)
        is_outermost = not operator and event.name in names
        inside = event.start_time_ns if is_outermost else operator
        yield from _blocks(event.children, names, inside)


def _scratch(blocks: Iterable[Block]) -> set[Block]:
    """The blocks that begin and end while one operator runs, and their ends."""
    found: set[Block] = set()
    alive: dict[int, Block] = {}
    for block in blocks:
        if block.size > 0:
            alive[block.address] = block
        elif (begin := alive.pop(block.address, None)) and begin.operator == block.operator != 0:
            found |= {begin, block}
    return found


def _most(blocks: Iterable[Block], start: int, end: int) -> int:
    alive = most = 0
    for block in blocks:
        if block.time > end:
            break
        alive += block.size
        if block.time >= start:
            most = max(most, alive)
    return most
