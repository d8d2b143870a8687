import pytest
import torch

from bench.instruments import throughput
from bench.instruments.latency import LatencySamples


def taken(seconds: float) -> LatencySamples:
    return LatencySamples((seconds,) * 7, (), (), {"threads": 1})


def test_batches_double_until_clips_a_second_grow_no_more() -> None:
    seconds = {1: 1.0, 2: 1.2, 4: 2.0, 8: 3.9}
    best = throughput.measure(lambda batch: taken(seconds[batch]))
    assert best.batch == 4
    assert best.clips_per_second == (2.0,) * 7
    assert best.by_batch == pytest.approx({1: 1.0, 2: 2 / 1.2, 4: 2.0, 8: 8 / 3.9})
    assert best.warnings == ()


def test_the_batch_before_the_memory_is_full_is_the_best() -> None:
    def time_batch(batch: int) -> LatencySamples:
        if batch == 4:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return taken(1.0)

    assert throughput.measure(time_batch).batch == 2


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, RuntimeError])
def test_a_first_batch_that_fails_is_an_error(error: type[Exception]) -> None:
    def time_batch(batch: int) -> LatencySamples:
        raise error("out")

    with pytest.raises(error):
        throughput.measure(time_batch)


def test_what_still_grows_when_the_time_is_over_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "BUDGET_S", 0.0)
    best = throughput.measure(lambda _: taken(1.0))
    assert (best.batch, best.is_growing) == (1, True)
    assert "still grew at this batch" in best.warnings[0]
