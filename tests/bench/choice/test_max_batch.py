from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.choice import max_batch
from bench.errors import BenchError
from tests.records import point

SMALL = point(depth=18, frames=2, input_size=32, mode="train")


@given(limit=st.integers(0, 5000), start=st.integers(0, 6000))
def test_the_largest_batch_is_found_from_every_start(limit: int, start: int) -> None:
    trials: list[int] = []

    def fits(batch: int) -> bool:
        trials.append(batch)
        return batch <= limit

    assert max_batch.search_batch(fits, start) == limit
    assert min(trials) >= 1
    assert len(trials) == len(set(trials))  # a trial takes seconds


@pytest.mark.parametrize(("limit", "start", "most"), [(25, 25, 2), (24, 25, 2), (26, 25, 4)])
def test_a_good_start_takes_few_trials(limit: int, start: int, most: int) -> None:
    trials: list[int] = []
    max_batch.search_batch(lambda batch: not trials.append(batch) and batch <= limit, start)  # type: ignore[func-returns-value]
    assert len(trials) <= most


def test_the_search_ends_if_every_batch_fits() -> None:
    assert max_batch.search_batch(lambda _: True) == max_batch.MAX_BATCH


def test_the_simulated_batch_fills_the_memory() -> None:
    capacity = max_batch.simulated_peak(SMALL, 9) + 1000
    assert max_batch.simulate_largest_batch(SMALL, capacity) == 9
    assert max_batch.simulated_peak(SMALL, 10) > capacity
    assert max_batch.simulate_largest_batch(SMALL, 1000) == 0


def test_trials_run_on_the_device_until_the_memory_is_full() -> None:
    """On the CPU, where the resident memory of a process counts."""
    base = SMALL.model_copy(update={"input_size": 112, "mode": "infer"})
    assert max_batch.confirm_largest_batch(base, "cpu", 64 << 20, start=4) > 0


def test_a_trial_that_fails_for_another_reason_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, num_classes):\n"
        "        super().__init__()\n"
        "        self.head = nn.Linear(3, num_classes)\n"
        "    def forward(self, clip):\n"
        "        assert clip.is_meta, 'no real clips'\n"
        "        return self.head(clip.mean((2, 3, 4)))\n"
    )
    base = point(network=f"{file}:Net", depth=None, input_size=8)
    with pytest.raises(BenchError, match="batch 3 is failed: AssertionError: no real clips"):
        max_batch.confirm_largest_batch(base, "cpu", 1 << 30, start=3)
