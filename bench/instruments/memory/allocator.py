"""A model of PyTorch's CUDA caching allocator, which says what a process reserves of a GPU.

All sizes are in bytes. The model follows `c10/cuda/CUDACachingAllocator.cpp` of PyTorch 2 for one
stream, without CUDA graphs, memory pools of the user, garbage collection and rounding to powers of
two. A cached block stays reserved until the device has no memory left.
"""

from dataclasses import dataclass
from math import inf

from bench.errors import BenchError
from bench.instruments.memory.blocks import Block
from bench.instruments.memory.pools import (
    BLOCK_BYTES,
    LARGE_SEGMENT_BYTES,
    MIB,
    SMALL_BYTES,
    Device,
    ExpandablePool,
    Pool,
    round_up,
)


class OutOfMemoryError(BenchError):
    """A request that the device has too little memory for."""


@dataclass(frozen=True)
class AllocatorSettings:
    """Settings of `PYTORCH_ALLOC_CONF`: `expandable_segments`, and `max_split_size_mb` in bytes.

    Raises `BenchError` where PyTorch refuses them: blocks below 20 MiB are always split.
    """

    expandable_segments: bool = False
    max_split_bytes: float = inf

    def __post_init__(self) -> None:
        if self.max_split_bytes < LARGE_SEGMENT_BYTES:
            raise BenchError(
                f"max_split_size_mb must be at least {LARGE_SEGMENT_BYTES // MIB}, "
                f"not {self.max_split_bytes / MIB:g}"
            )


DEFAULTS = AllocatorSettings()


class CachingAllocator:
    """The allocator of a process on an empty GPU that has `capacity_bytes` for it.

    `allocated_bytes` counts as `torch.cuda.memory_allocated` does: whole blocks, of which a request
    may use a little less.
    """

    def __init__(self, settings: AllocatorSettings = DEFAULTS, capacity_bytes: float = inf) -> None:
        self.allocated_bytes = 0
        self._device = Device(capacity_bytes)
        kind = ExpandablePool if settings.expandable_segments else Pool
        split = settings.max_split_bytes
        self._small = kind(self._device, is_small=True, max_split_bytes=split)
        self._large = kind(self._device, is_small=False, max_split_bytes=split)

    @property
    def reserved_bytes(self) -> int:
        """The bytes that the allocator holds now, used or cached."""
        return self._device.reserved_bytes

    @property
    def peak_reserved_bytes(self) -> int:
        """The most bytes that the allocator has held."""
        return self._device.peak_bytes

    @property
    def device_allocations(self) -> int:
        """How often the allocator has reserved memory."""
        return self._device.allocations

    def allocate(self, size: int) -> Block:
        """Return a block of at least `size` bytes, which are 1 or more.

        A cached block is preferred to new memory. Where the device has none left, cached memory is
        given back to it. Raises `OutOfMemoryError` if that does not suffice.
        """
        rounded = round_up(size, BLOCK_BYTES)
        pool = self._pool(rounded)
        block = pool.find(rounded) or pool.extend(rounded)
        if block is None and pool.release_oversize(rounded):
            block = pool.extend(rounded)
        if block is None:
            self.empty_cache()
            block = pool.extend(rounded)
        if block is None:
            raise OutOfMemoryError(
                f"{rounded:,} bytes are more than the device has left: {self.reserved_bytes:,} are "
                f"reserved, {self.allocated_bytes:,} of them allocated"
            )
        pool.use(block, rounded)
        self.allocated_bytes += block.size
        return block

    def free(self, block: Block) -> None:
        """Free a block that `allocate` returned; the allocator keeps its memory."""
        self.allocated_bytes -= block.size
        self._pool(block.size).free(block)

    def empty_cache(self) -> None:
        """Give the device all memory that no block needs, as `torch.cuda.empty_cache` does."""
        self._large.release()
        self._small.release()

    def _pool(self, size: int) -> Pool:
        """The pool of a request. Used blocks of the small pool are never larger than a request."""
        return self._small if size <= SMALL_BYTES else self._large
