"""The model of the caching allocator, against sequences that are worked out by hand."""

import json
import os
import random
import subprocess
import sys
from itertools import pairwise
from math import inf

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.instruments.memory.allocator import (
    AllocatorSettings,
    CachingAllocator,
    OutOfMemoryError,
)
from bench.instruments.memory.blocks import Block

MIB = 2**20
EXPANDABLE = AllocatorSettings(expandable_segments=True)
SPLIT_BELOW_64 = AllocatorSettings(max_split_bytes=64 * MIB)


def mib(allocator: CachingAllocator) -> tuple[float, float]:
    """What is allocated and reserved, in MiB."""
    return allocator.allocated_bytes / MIB, allocator.reserved_bytes / MIB


def test_one_byte_takes_a_small_segment() -> None:
    allocator = CachingAllocator()
    allocator.allocate(1)
    assert (allocator.allocated_bytes, allocator.reserved_bytes) == (512, 2 * MIB)


def test_a_small_segment_holds_4096_blocks() -> None:
    allocator = CachingAllocator()
    for _ in range(4096):
        allocator.allocate(512)
    assert mib(allocator) == (2, 2)
    allocator.allocate(1)  # 2 MiB / 512 = 4096: the next one takes a second segment
    assert allocator.reserved_bytes == 4 * MIB


def test_requests_of_up_to_one_mib_are_small() -> None:
    allocator = CachingAllocator()
    allocator.allocate(MIB)
    allocator.allocate(MIB)  # both in one segment of 2 MiB
    assert mib(allocator) == (2, 2)
    allocator.allocate(MIB + 1)  # 1 MiB + 512, of a large segment of 20 MiB
    assert allocator.allocated_bytes == 3 * MIB + 512
    assert allocator.reserved_bytes == 22 * MIB


def test_requests_below_ten_mib_share_a_segment_of_twenty() -> None:
    allocator = CachingAllocator()
    allocator.allocate(9 * MIB)
    allocator.allocate(9 * MIB)  # 20 - 9 = 11 are left
    assert mib(allocator) == (18, 20)
    allocator.allocate(3 * MIB)  # 2 are left: a second segment
    assert mib(allocator) == (21, 40)
    allocator.allocate(2 * MIB)  # the best fit is the rest of the first
    assert mib(allocator) == (23, 40)


def test_requests_from_ten_mib_take_a_segment_of_their_size() -> None:
    allocator = CachingAllocator()
    allocator.allocate(10 * MIB)
    assert mib(allocator) == (10, 10)
    allocator.allocate(12 * MIB + 1)  # rounded up to 14 MiB, whose rest of 2 MiB - 512 is split off
    assert allocator.allocated_bytes == 22 * MIB + 512
    assert allocator.reserved_bytes == 24 * MIB
    allocator.allocate(MIB + 512)  # of the rest
    assert allocator.reserved_bytes == 24 * MIB


def test_a_rest_of_one_mib_stays_with_a_large_block() -> None:
    allocator = CachingAllocator()
    block = allocator.allocate(11 * MIB)  # a segment of 12 MiB, whose rest is not more than 1 MiB
    assert mib(allocator) == (12, 12)
    allocator.free(block)
    assert mib(allocator) == (0, 12)


def test_the_best_fit_is_taken() -> None:
    allocator = CachingAllocator()
    blocks = [allocator.allocate(size * MIB) for size in (40, 14, 30)]
    for block in blocks:
        allocator.free(block)
    # 13 MiB fit into 14, 30 and 40; of 14 the rest is 1 MiB, which is not split off.
    assert allocator.allocate(13 * MIB).address == blocks[1].address
    assert mib(allocator) == (14, 84)


def test_of_equal_blocks_the_lowest_address_is_taken() -> None:
    allocator = CachingAllocator()
    first, second = allocator.allocate(16 * MIB), allocator.allocate(16 * MIB)
    allocator.free(second)
    allocator.free(first)
    assert allocator.allocate(16 * MIB).address == first.address


def test_free_neighbours_are_joined() -> None:
    allocator = CachingAllocator()
    blocks = [allocator.allocate(5 * MIB) for _ in range(4)]  # all 20 MiB of a segment
    for position in (0, 2, 1):
        allocator.free(blocks[position])
    joined = allocator.allocate(15 * MIB)  # 5 + 5 + 5
    assert joined.address == blocks[0].address
    assert mib(allocator) == (20, 20)


def test_fragments_do_not_serve_a_large_request() -> None:
    allocator = CachingAllocator()
    blocks = [allocator.allocate(5 * MIB) for _ in range(4)]
    allocator.free(blocks[0])
    allocator.free(blocks[2])  # 10 MiB are free, but not next to each other
    allocator.allocate(6 * MIB)
    assert mib(allocator) == (16, 40)
    allocator.empty_cache()  # neither segment is free as a whole
    assert mib(allocator) == (16, 40)


def test_a_growing_batch_leaves_fragments() -> None:
    """Two tensors that grow by a clip: 30 and 60 MiB, then 32 and 64."""
    allocator = CachingAllocator()
    for clip_mib in (30, 32):
        blocks = [allocator.allocate(clip_mib * MIB), allocator.allocate(2 * clip_mib * MIB)]
        for block in blocks:
            allocator.free(block)
    # 32 is taken of the cached 60, whose rest of 28 cannot serve 64: 30 + 60 + 64.
    assert mib(allocator) == (0, 154)


def test_an_expandable_segment_grows_with_the_batch() -> None:
    allocator = CachingAllocator(EXPANDABLE)
    for clip_mib in (30, 32):
        blocks = [allocator.allocate(clip_mib * MIB), allocator.allocate(2 * clip_mib * MIB)]
        for block in blocks:
            allocator.free(block)
    # 30 + 60 = 90 take 5 pages of 20 MiB, and 32 + 64 = 96 are within them.
    assert mib(allocator) == (0, 100)


def test_an_expandable_segment_maps_the_pages_that_it_lacks() -> None:
    allocator = CachingAllocator(EXPANDABLE)
    first = allocator.allocate(15 * MIB)
    assert mib(allocator) == (15, 20)
    second = allocator.allocate(30 * MIB)  # 5 MiB are free; 25 more take two pages
    assert second.address == first.address + 15 * MIB
    assert mib(allocator) == (45, 60)
    allocator.allocate(14 * MIB)  # the rest is 15: in such a segment 1 MiB is split off, too
    allocator.allocate(MIB + 512)
    assert allocator.reserved_bytes == 80 * MIB


def test_small_requests_have_an_expandable_segment_of_their_own() -> None:
    allocator = CachingAllocator(EXPANDABLE)
    for _ in range(3):
        allocator.allocate(MIB)  # two on a page of 2 MiB
    allocator.allocate(2 * MIB)  # on a page of 20 MiB
    assert mib(allocator) == (5, 24)


def test_unmapped_pages_are_mapped_again_at_the_lowest_address() -> None:
    allocator = CachingAllocator(EXPANDABLE)
    first, second = allocator.allocate(50 * MIB), allocator.allocate(30 * MIB)  # 4 pages, all full
    assert mib(allocator) == (80, 80)
    allocator.free(first)
    allocator.empty_cache()  # pages 0 and 1 are free as a whole; page 2 is half free
    assert mib(allocator) == (30, 40)
    again = allocator.allocate(45 * MIB)  # both pages, and the half behind them: 50 MiB
    assert again.address == first.address
    assert mib(allocator) == (75, 80)
    beyond = allocator.allocate(25 * MIB)  # the gap of 5 MiB is too small: two more pages
    assert beyond.address == second.end
    assert mib(allocator) == (100, 120)


def test_a_free_block_that_can_grow_is_kept_for_last() -> None:
    allocator = CachingAllocator(EXPANDABLE)
    first, _ = allocator.allocate(20 * MIB), allocator.allocate(15 * MIB)
    allocator.free(first)  # free are 20 MiB in front, and 5 MiB that can grow behind
    assert allocator.allocate(4 * MIB).address == first.address
    assert mib(allocator) == (19, 40)


def test_oversize_blocks_are_not_split() -> None:
    allocator = CachingAllocator(SPLIT_BELOW_64)
    allocator.free(allocator.allocate(100 * MIB))
    allocator.allocate(50 * MIB)  # not of the 100, which may not be split
    assert mib(allocator) == (50, 150)
    splitting = CachingAllocator()
    splitting.free(splitting.allocate(100 * MIB))
    splitting.allocate(50 * MIB)
    assert mib(splitting) == (50, 100)


def test_an_oversize_block_serves_requests_of_nearly_its_size() -> None:
    allocator = CachingAllocator(SPLIT_BELOW_64)
    block = allocator.allocate(100 * MIB)
    allocator.free(block)
    used = allocator.allocate(80 * MIB + 512)  # less than 20 MiB smaller: used as a whole
    assert used.address == block.address
    assert mib(allocator) == (100, 100)
    allocator.free(used)
    allocator.allocate(80 * MIB)  # 20 MiB smaller: a segment of its own
    assert mib(allocator) == (80, 180)


def test_cached_segments_are_released_when_the_device_is_full() -> None:
    allocator = CachingAllocator(capacity_bytes=60 * MIB)
    allocator.free(allocator.allocate(40 * MIB))
    allocator.allocate(50 * MIB)  # 40 + 50 > 60: the 40 are given back
    assert mib(allocator) == (50, 50)
    assert allocator.peak_reserved_bytes == 50 * MIB


def test_a_segment_in_use_is_not_released() -> None:
    allocator = CachingAllocator(capacity_bytes=60 * MIB)
    blocks = [allocator.allocate(5 * MIB) for _ in range(4)]
    for block in blocks[:3]:
        allocator.free(block)
    with pytest.raises(OutOfMemoryError, match="20,971,520 are reserved, 5,242,880 of them"):
        allocator.allocate(42 * MIB)  # 15 of the 20 MiB are free, 40 are left on the device
    allocator.allocate(40 * MIB)
    assert mib(allocator) == (45, 60)


def test_free_pages_are_unmapped_when_the_device_is_full() -> None:
    allocator = CachingAllocator(EXPANDABLE, capacity_bytes=100 * MIB)
    first, _ = allocator.allocate(40 * MIB), allocator.allocate(40 * MIB)
    allocator.free(first)
    allocator.allocate(60 * MIB)  # 20 are left; the first two pages move to the end
    assert mib(allocator) == (100, 100)
    with pytest.raises(OutOfMemoryError):
        allocator.allocate(MIB)


def test_oversize_blocks_are_released_first() -> None:
    allocator = CachingAllocator(SPLIT_BELOW_64, capacity_bytes=200 * MIB)
    for block in [allocator.allocate(size * MIB) for size in (5, 70, 100)]:
        allocator.free(block)
    assert mib(allocator) == (0, 190)
    allocator.allocate(120 * MIB)  # no block has 120: the 100 and the 70 go, the 20 stay
    assert mib(allocator) == (120, 140)


def test_the_smallest_oversize_block_that_suffices_is_released() -> None:
    allocator = CachingAllocator(SPLIT_BELOW_64, capacity_bytes=200 * MIB)
    for block in [allocator.allocate(size * MIB) for size in (70, 110)]:
        allocator.free(block)
    allocator.allocate(30 * MIB)  # 20 are left; a block of 64 or more has to go: the 70
    assert mib(allocator) == (30, 140)


def test_a_split_limit_below_a_large_segment_is_refused() -> None:
    with pytest.raises(BenchError, match="max_split_size_mb must be at least 20, not 10"):
        AllocatorSettings(max_split_bytes=10 * MIB)


SIZES = st.one_of(
    st.integers(1, 4 * 512),
    st.sampled_from([MIB - 1, MIB, MIB + 1, 10 * MIB - 1, 10 * MIB, 20 * MIB, 64 * MIB]),
    st.integers(1, 100 * MIB),
)
# A request of a size, or the end of the block at a position among the live ones.
STEPS = st.lists(st.one_of(SIZES.map(lambda s: ("allocate", s)), st.integers(0, 99)), max_size=60)
SETTINGS = st.builds(AllocatorSettings, st.booleans(), st.sampled_from([inf, 20 * MIB, 64 * MIB]))


@given(steps=STEPS, settings=SETTINGS, capacity_mib=st.sampled_from([inf, 150, 400]))
def test_whatever_is_asked_blocks_stay_apart_and_reserved_covers_them(
    steps: list[tuple[str, int] | int], settings: AllocatorSettings, capacity_mib: float
) -> None:
    allocator = CachingAllocator(settings, capacity_mib * MIB)
    live: list[tuple[Block, int]] = []
    for step in steps:
        if isinstance(step, tuple):
            try:
                live.append((allocator.allocate(step[1]), step[1]))
            except OutOfMemoryError:
                assert live or step[1] > (capacity_mib - 20) * MIB  # a page has 20 MiB
        elif live:
            allocator.free(live.pop(step % len(live))[0])
        taken = sorted((block.address, block.end) for block, _ in live)
        assert all(end <= start for (_, end), (start, _) in pairwise(taken))
        assert all(block.size >= size for block, size in live)
        assert allocator.allocated_bytes == sum(block.size for block, _ in live)
        assert allocator.allocated_bytes <= allocator.reserved_bytes <= capacity_mib * MIB
        assert allocator.reserved_bytes <= allocator.peak_reserved_bytes
        assert allocator.reserved_bytes % (2 * MIB) == 0
    for block, _ in live:
        allocator.free(block)
    assert allocator.allocated_bytes == 0
    allocator.empty_cache()
    assert allocator.reserved_bytes == 0


@given(steps=STEPS, settings=SETTINGS)
def test_a_repeated_sequence_needs_no_more_memory_than_its_first_run(
    steps: list[tuple[str, int] | int], settings: AllocatorSettings
) -> None:
    """Once all is freed and the cache is emptied, the same requests reserve the same."""
    allocator = CachingAllocator(settings)
    reserved = []
    for _ in range(2):
        live = []
        for step in steps:
            if isinstance(step, tuple):
                live.append(allocator.allocate(step[1]))
            elif live:
                allocator.free(live.pop(step % len(live)))
        reserved.append(allocator.reserved_bytes)
        for block in live:
            allocator.free(block)
        allocator.empty_cache()
    assert reserved[0] == reserved[1]


# Prints what PyTorch reports after each step: [allocated, reserved].
ON_CUDA = """
import json, sys, torch
live, reported = [], []
for step in json.loads(sys.argv[1]):
    if step > 0:
        live.append(torch.empty(step, dtype=torch.uint8, device="cuda"))
    else:
        live.pop(-step)
    reported.append([torch.cuda.memory_allocated(), torch.cuda.memory_reserved()])
print(json.dumps(reported))
"""


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("conf", "settings"),
    [
        ("expandable_segments:False", AllocatorSettings()),
        ("expandable_segments:True", EXPANDABLE),
        ("max_split_size_mb:64", SPLIT_BELOW_64),
    ],
)
def test_pytorch_reserves_the_same_on_a_gpu(
    seed: int, conf: str, settings: AllocatorSettings
) -> None:
    """Sizes are drawn so that hardly two free blocks are equal: which is taken is up to CUDA."""
    draw = random.Random(seed)
    steps: list[int] = []  # a size in bytes, or the negative position of the block to free
    allocator, live, expected = CachingAllocator(settings), list[Block](), []
    for _ in range(300):
        if live and draw.random() < 0.45:
            steps.append(-draw.randrange(len(live)))
            allocator.free(live.pop(-steps[-1]))
        else:
            steps.append(int(2 ** draw.uniform(8, 27)))
            live.append(allocator.allocate(steps[-1]))
        expected.append([allocator.allocated_bytes, allocator.reserved_bytes])
    run = subprocess.run(
        [sys.executable, "-c", ON_CUDA, json.dumps(steps)],
        env={**os.environ, "PYTORCH_ALLOC_CONF": conf, "PYTORCH_CUDA_ALLOC_CONF": conf},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(run.stdout) == expected
