"""Blocks of a GPU's memory. Addresses and sizes are in bytes."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Block:
    """A part of a segment, linked to the parts before and after it.

    A block that is not mapped has addresses but no memory; only expandable segments have such.
    """

    address: int
    size: int
    is_free: bool = True
    is_mapped: bool = True
    before: "Block | None" = field(default=None, repr=False)
    after: "Block | None" = field(default=None, repr=False)

    @property
    def end(self) -> int:
        """The address behind the block."""
        return self.address + self.size

    def split(self, size: int) -> "Block":
        """Keep the first `size` bytes and return the rest, a free block."""
        rest = Block(self.address + size, self.size - size, True, self.is_mapped, self, self.after)
        if self.after:
            self.after.before = rest
        self.size, self.after = size, rest
        return rest

    def absorb(self, after: "Block") -> None:
        """Take over `after`, the next block."""
        self.size += after.size
        self.after = after.after
        if self.after:
            self.after.before = self


class FreeBlocks:
    """Free blocks in the order of their sizes; equal ones in the order of their addresses."""

    def __init__(self) -> None:
        self._ordered: list[tuple[int, int, Block]] = []

    def __iter__(self) -> Iterator[Block]:
        """The blocks as they are now: the caller may add and remove some."""
        return iter([block for _, _, block in self._ordered])

    def add(self, block: Block) -> None:
        """Add a block."""
        insort(self._ordered, (block.size, block.address, block))

    def remove(self, block: Block) -> None:
        """Remove a block, whose size is still the one with which it was added."""
        del self._ordered[bisect_left(self._ordered, (block.size, block.address))]

    def at_least(self, size: int) -> Iterator[Block]:
        """The blocks of at least `size` bytes, the smallest first."""
        start = bisect_left(self._ordered, (size,))
        return (self._ordered[i][2] for i in range(start, len(self._ordered)))
