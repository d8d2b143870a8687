"""What the tests of the allocator, which go through both pools, do not see."""

from bench.instruments.memory.pools import Device, ExpandablePool, Pool, round_up

MIB = 2**20


def test_a_device_gives_what_it_has() -> None:
    device = Device(10 * MIB)
    assert device.reserve(10 * MIB)
    assert not device.reserve(1)
    device.release(4 * MIB)
    assert device.reserve(3 * MIB)
    assert (device.reserved_bytes, device.peak_bytes) == (9 * MIB, 10 * MIB)


def test_addresses_are_given_once() -> None:
    device = Device(10 * MIB)
    assert device.new_addresses(100) + 100 <= device.new_addresses(1)


def test_a_pool_finds_only_what_is_free() -> None:
    pool = Pool(Device(100 * MIB), is_small=False)
    assert pool.find(5 * MIB) is None
    block = pool.extend(5 * MIB)
    assert block is not None
    pool.use(block, 5 * MIB)
    rest = pool.find(15 * MIB)
    assert rest is not None
    assert (rest.address, rest.size) == (block.end, 15 * MIB)
    assert pool.find(1) is None


def test_pages_that_are_mapped_before_the_device_is_full_stay_free() -> None:
    """As in PyTorch, a request that fails keeps the gaps that it has filled."""
    device = Device(80 * MIB)
    pool = ExpandablePool(device, is_small=False)
    blocks = []
    for _ in range(4):
        block = pool.extend(20 * MIB)
        assert block is not None
        pool.use(block, 20 * MIB)
        blocks.append(block)
    pool.free(blocks[3])
    pool.free(blocks[1])
    pool.release()
    pool.free(blocks[2])  # page 0 is used, 1 and 3 are unmapped, 2 is free
    assert device.reserve(20 * MIB)  # by somebody else
    assert pool.extend(60 * MIB) is None
    assert device.reserved_bytes == 80 * MIB
    assert pool.find(40 * MIB) is not None  # pages 1 and 2


def test_sizes_are_rounded_up() -> None:
    assert [round_up(size, 512) for size in (1, 512, 513)] == [512, 512, 1024]
