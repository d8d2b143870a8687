"""The replay of a process, against segments that are worked out by hand."""

import pytest

from bench.instruments.memory import simulate
from bench.instruments.memory.allocator import AllocatorSettings, OutOfMemoryError
from bench.instruments.memory.replay import replay
from tests.bench.instruments.memory.tiny import tiny
from tests.bench.instruments.memory.traces import make_trace

MIB = 2**20
EXPANDABLE = AllocatorSettings(expandable_segments=True)


WEIGHT, MOMENTUM, HIDDEN, GRADIENT = range(1, 5)


def test_the_first_step_has_no_momentum_before_its_update() -> None:
    """A weight of 30 MiB and an activation of 50.

    First step: 30 + 50; the gradient takes a segment of 30, the activation dies, and the momentum
    takes 30 of its 50, with 20 left. Second step: the gradient dies first. The activation needs 50:
    there are 30 and 20, apart, so it takes 50 more. Then all repeats.
    """
    trace = make_trace(
        weights=[(WEIGHT, 30)],
        momentum=[(MOMENTUM, 30)],
        passes=[(HIDDEN, 50), (GRADIENT, 30), (HIDDEN, 0)],
    )
    assert replay(trace) == (30 + 50 + 30 + 50) * MIB
    # Expandable: 30 + 50 + 30 on six pages of 20. The momentum takes 30 of the 50. Then the dead
    # gradient, the 20 before it and the 10 behind it are one block of 60: the activation takes 50,
    # and the gradient the last 10 and one more page.
    assert replay(trace, EXPANDABLE) == 140 * MIB


def test_inference_repeats_its_first_step() -> None:
    trace = make_trace(weights=[(WEIGHT, 30)], passes=[(HIDDEN, 50), (HIDDEN, 0)])
    assert replay(trace) == 80 * MIB


def test_cached_memory_is_given_back_where_the_gpu_is_full() -> None:
    """30 + 50 MiB, then 40 + 50: without the cache, 30 + 50 + 40 suffice."""
    trace = make_trace(
        weights=[(WEIGHT, 30)],
        passes=[(HIDDEN, 50), (HIDDEN, 0), (GRADIENT, 40), (MOMENTUM, 50)],
    )
    assert replay(trace) == (30 + 50 + 50) * MIB  # 40 of the first 50
    assert replay(trace, capacity_bytes=130 * MIB) == 130 * MIB
    with pytest.raises(OutOfMemoryError):
        replay(trace, capacity_bytes=129 * MIB)


def test_a_replay_ends_where_each_step_reserves_memory_anew() -> None:
    """40 MiB, then 50, on a GPU of 60: each gives back what the other had."""
    trace = make_trace(passes=[(HIDDEN, 40), (HIDDEN, 0), (GRADIENT, 50), (GRADIENT, 0)])
    assert replay(trace) == 90 * MIB
    assert replay(trace, capacity_bytes=60 * MIB) == 50 * MIB


@pytest.mark.parametrize("mode", ["train", "infer"])
@pytest.mark.parametrize("settings", [AllocatorSettings(), EXPANDABLE])
def test_a_network_reserves_more_than_its_peak(mode: str, settings: AllocatorSettings) -> None:
    peak = simulate(tiny("blvnet_tam"), (2, 3, 4, 64, 64), mode)  # type: ignore[arg-type]
    reserved = replay(peak.trace, settings)
    assert peak.peak_bytes <= reserved < peak.peak_bytes + 64 * MIB
    assert replay(peak.trace, settings, reserved) == reserved  # no more is needed
    with pytest.raises(OutOfMemoryError):
        replay(peak.trace, settings, peak.peak_bytes // (2 * MIB) * 2 * MIB - 2 * MIB)
