"""What PyTorch's CUDA allocator reserves for the steps of a process. Sizes are in bytes."""

from collections.abc import Iterable
from math import inf

from bench.instruments.memory.allocator import DEFAULTS, AllocatorSettings, CachingAllocator
from bench.instruments.memory.blocks import Block
from bench.instruments.memory.ledger import Event
from bench.instruments.memory.trace import StepTrace

MAX_STEPS = 10  # on a full GPU each step may give memory back and reserve it again


def replay(
    trace: StepTrace,
    settings: AllocatorSettings = DEFAULTS,
    capacity_bytes: float = inf,
) -> int:
    """Return the most that the allocator reserves for a process that runs the steps of `trace`.

    The GPU has `capacity_bytes` for it. The first step starts with an empty cache. Steps follow
    until one finds all its memory in the cache; those after it would do the same. Raises
    `OutOfMemoryError` where the memory does not suffice.
    """
    allocator = CachingAllocator(settings, capacity_bytes)
    blocks: dict[int, Block] = {}
    _apply(trace.setup(), allocator, blocks)
    _apply(trace.first_step(), allocator, blocks)
    for _ in range(MAX_STEPS - 1):
        before = allocator.device_allocations
        _apply(trace.later_step(), allocator, blocks)
        if allocator.device_allocations == before:
            break
    return allocator.peak_reserved_bytes


def _apply(events: Iterable[Event], allocator: CachingAllocator, blocks: dict[int, Block]) -> None:
    """Allocate what is born, and free what dies. A storage without bytes has no block.

    A buffer that each step replaces has died before if the step is not the first.
    """
    for event in events:
        if event.born and event.size_bytes:
            blocks[event.key] = allocator.allocate(event.size_bytes)
        elif event.key in blocks:
            allocator.free(blocks.pop(event.key))
