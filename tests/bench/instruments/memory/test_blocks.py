from bench.instruments.memory.blocks import Block, FreeBlocks


def test_a_split_block_and_its_rest_are_neighbours() -> None:
    block = Block(1024, 4096)
    last = block.split(3072)
    middle = block.split(512)
    assert [(b.address, b.size) for b in (block, middle, last)] == [
        (1024, 512),
        (1536, 2560),
        (4096, 1024),
    ]
    assert block.after is middle
    assert (middle.before, middle.after) == (block, last)
    assert last.before is middle


def test_a_block_absorbs_the_next_one() -> None:
    block = Block(0, 4096)
    last = block.split(3072)
    middle = block.split(512)
    block.absorb(middle)
    assert (block.size, block.after, last.before) == (3072, last, block)
    block.absorb(last)
    assert (block.end, block.after) == (4096, None)


def test_free_blocks_are_found_by_size_and_then_by_address() -> None:
    free = FreeBlocks()
    blocks = [Block(address, size) for address, size in ((0, 2048), (9216, 512), (4096, 512))]
    for block in blocks:
        free.add(block)
    assert [b.address for b in free.at_least(1)] == [4096, 9216, 0]
    assert [b.address for b in free.at_least(513)] == [0]
    assert list(free.at_least(2049)) == []
    free.remove(blocks[2])
    assert [b.address for b in free] == [9216, 0]
