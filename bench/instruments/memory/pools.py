"""The pools of PyTorch's CUDA allocator: segments of a GPU's memory, cut into blocks.

Small requests and large ones have a pool each. A pool is made of segments of fixed sizes, or of one
segment that is mapped page by page (`expandable_segments`). All sizes are in bytes. The rules are
those of PyTorch's `c10/cuda/CUDACachingAllocator.cpp`.
"""

from math import inf

from bench.instruments.memory.blocks import Block, FreeBlocks

MIB = 2**20
BLOCK_BYTES = 512  # every size is rounded up to a multiple of this
SMALL_BYTES = MIB  # the largest request of the small pool
SMALL_SEGMENT_BYTES = 2 * MIB
LARGE_SEGMENT_BYTES = 20 * MIB
OWN_SEGMENT_BYTES = 10 * MIB  # from this size on, a request takes a segment of its size
OWN_SEGMENT_ROUNDING = 2 * MIB
OVERSIZE_SLACK_BYTES = 20 * MIB  # an oversize block serves requests that are less smaller than this
ADDRESS_SPACE_BYTES = LARGE_SEGMENT_BYTES << 24  # of an expandable segment: more than any GPU has


class Device:
    """The memory of a GPU: what a process has reserved, at most `capacity_bytes`.

    `allocations` is how often it did so.
    """

    def __init__(self, capacity_bytes: float) -> None:
        self.reserved_bytes = 0
        self.peak_bytes = 0
        self.allocations = 0
        self._capacity_bytes = capacity_bytes
        self._next_address = 0

    def reserve(self, size: int) -> bool:
        """Reserve `size` bytes; False if the device has less left."""
        if self.reserved_bytes + size > self._capacity_bytes:
            return False
        self.allocations += 1
        self.reserved_bytes += size
        self.peak_bytes = max(self.peak_bytes, self.reserved_bytes)
        return True

    def release(self, size: int) -> None:
        """Give `size` bytes back."""
        self.reserved_bytes -= size

    def new_addresses(self, size: int) -> int:
        """The first of `size` addresses that nothing else has."""
        self._next_address += size
        return self._next_address - size


class Pool:
    """The small or the large pool, made of segments of fixed sizes."""

    def __init__(self, device: Device, *, is_small: bool, max_split_bytes: float = inf) -> None:
        self._device = device
        self._is_small = is_small
        self._max_split_bytes = max_split_bytes
        self._free = FreeBlocks()

    def find(self, size: int) -> Block | None:
        """Take the smallest free block of at least `size` bytes; None if there is none.

        Requests below `max_split_bytes` get no block of that size or more, and larger requests none
        that is much larger.
        """
        block = self._best_fit(size)
        if block is None:
            return None
        if size < self._max_split_bytes:
            limit = self._max_split_bytes
        else:
            limit = size + OVERSIZE_SLACK_BYTES
        if block.size >= limit:
            return None
        self._free.remove(block)
        return block

    def extend(self, size: int) -> Block | None:
        """Take new memory for a request of `size` bytes; None if the device has too little left."""
        segment_bytes = self._segment_bytes(size)
        if not self._device.reserve(segment_bytes):
            return None
        return Block(self._device.new_addresses(segment_bytes), segment_bytes)

    def use(self, block: Block, size: int) -> None:
        """Mark `block` as used by a request of `size` bytes; what it does not need stays free."""
        if self._is_split(block.size - size, size):
            self._free.add(block.split(size))
        block.is_free = False

    def free(self, block: Block) -> None:
        """Make a used block free again, and join it with its free neighbours."""
        block.is_free = True
        self._free.add(self._join(block))

    def release(self) -> None:
        """Give the device all segments that are free as a whole."""
        for block in self._free:
            if block.before is None and block.after is None:
                self._release(block)

    def release_oversize(self, size: int) -> bool:
        """Give back blocks of `max_split_bytes` or more, for a request of `size` bytes.

        That is the smallest one that is large enough, or as many of the largest as it takes.
        Returns False if they are too few.
        """
        if self._max_split_bytes == inf:
            return False
        needed = max(size, int(self._max_split_bytes))
        large_enough = next(self._free.at_least(needed), None)
        if large_enough:
            self._release(large_enough)
            return True
        for block in reversed(list(self._free.at_least(int(self._max_split_bytes)))):
            needed -= block.size
            self._release(block)
            if needed <= 0:
                return True
        return False

    def _best_fit(self, size: int) -> Block | None:
        return next(self._free.at_least(size), None)

    def _segment_bytes(self, size: int) -> int:
        if self._is_small:
            return SMALL_SEGMENT_BYTES
        if size < OWN_SEGMENT_BYTES:
            return LARGE_SEGMENT_BYTES
        return round_up(size, OWN_SEGMENT_ROUNDING)

    def _is_split(self, rest: int, size: int) -> bool:
        """Whether a block is split that has `rest` bytes more than the request of `size` bytes."""
        if self._is_small:
            return rest >= BLOCK_BYTES
        return rest > SMALL_BYTES and size < self._max_split_bytes

    def _join(self, block: Block) -> Block:
        """Join a free block with its free neighbours, which leave the free blocks."""
        before, after = block.before, block.after
        if after and after.is_free and after.is_mapped == block.is_mapped:
            self._forget(after)
            block.absorb(after)
        if before and before.is_free and before.is_mapped == block.is_mapped:
            self._forget(before)
            before.absorb(block)
            return before
        return block

    def _forget(self, block: Block) -> None:
        self._free.remove(block)

    def _release(self, block: Block) -> None:
        self._free.remove(block)
        self._device.release(block.size)


class ExpandablePool(Pool):
    """The small or the large pool, made of one segment that grows in pages.

    A page has the size of a fixed segment: 2 MiB in the small pool, 20 MiB in the large one.
    """

    def __init__(self, device: Device, *, is_small: bool, max_split_bytes: float = inf) -> None:
        super().__init__(device, is_small=is_small, max_split_bytes=max_split_bytes)
        self._page_bytes = SMALL_SEGMENT_BYTES if is_small else LARGE_SEGMENT_BYTES
        start = device.new_addresses(ADDRESS_SPACE_BYTES)
        self._unmapped = [Block(start, ADDRESS_SPACE_BYTES, is_mapped=False)]

    def extend(self, size: int) -> Block | None:
        """Map pages at the lowest address that has room for `size` bytes; None if too few are left.

        Free memory in front of the pages is a part of the room.
        """
        block: Block | None = self._find_room(size)
        assert block is not None
        if not block.is_mapped:
            block = self._map(block, size)
        while block and block.size < size:
            assert block.after is not None
            block = self._map(block.after, size - block.size)
        if block:
            self._free.remove(block)
        return block

    def release(self) -> None:
        """Give the device all pages that are free as a whole."""
        for block in self._free:
            self._unmap(block)

    def release_oversize(self, size: int) -> bool:
        """Give back nothing: these blocks cannot be released one by one."""
        return False

    def _best_fit(self, size: int) -> Block | None:
        """The smallest free block of at least `size` bytes; one that can grow counts as larger."""
        blocks = self._free.at_least(size)
        best = next(blocks, None)
        for block in blocks:
            assert best is not None
            if _size_to_grow(block) >= _size_to_grow(best):
                break
            best = block
        return best

    def _is_split(self, rest: int, size: int) -> bool:
        return rest >= BLOCK_BYTES

    def _find_room(self, size: int) -> Block:
        """The first block of the lowest free or unmapped addresses with room for `size` bytes."""
        for unmapped in sorted(self._unmapped, key=lambda block: block.address):
            before = unmapped.before
            first = before if before and before.is_free else unmapped
            block: Block | None = first
            room = 0
            while room < size and block and block.is_free:
                room += block.size
                block = block.after
            if room >= size:
                return first
        raise AssertionError("the address space has no end that a GPU's memory can reach")

    def _map(self, block: Block, size: int) -> Block | None:
        """Map the pages for the first `size` bytes of an unmapped block; None if too few are left.

        Returns the free block that they are a part of.
        """
        size = min(round_up(size, self._page_bytes), block.size)
        if not self._device.reserve(size):
            return None
        self._unmapped.remove(block)
        if size < block.size:
            self._unmapped.append(block.split(size))
        block.is_mapped = True
        joined = self._join(block)
        self._free.add(joined)
        return joined

    def _unmap(self, block: Block) -> None:
        """Unmap the whole pages of a free block; what is left at its ends stays free."""
        start = round_up(block.address, self._page_bytes)
        pages_bytes = (block.end - start) // self._page_bytes * self._page_bytes
        if pages_bytes <= 0:
            return
        self._free.remove(block)
        if start > block.address:
            head, block = block, block.split(start - block.address)
            self._free.add(head)
        if pages_bytes < block.size:
            self._free.add(block.split(pages_bytes))
        block.is_mapped = False
        self._device.release(pages_bytes)
        self._unmapped.append(self._join(block))

    def _forget(self, block: Block) -> None:
        if block.is_mapped:
            self._free.remove(block)
        else:
            self._unmapped.remove(block)


def _size_to_grow(block: Block) -> int:
    """The size that a free block can have if the addresses behind it are mapped."""
    after = block.after
    return block.size + (after.size if after and not after.is_mapped else 0)


def round_up(size: int, multiple: int) -> int:
    """`size` rounded up to a whole `multiple`."""
    return -(-size // multiple) * multiple
