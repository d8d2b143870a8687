"""Throughput: clips a second at the batch size that gives the most."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.instruments import latency
from bench.instruments.latency import LatencySamples
from bench.instruments.reading import Reading
from bench.machine.device_errors import is_shortage
from bench.records.point import Device, Point
from bench.workload.placement import place

GAIN = 0.05  # the search ends at a doubled batch that gives less than this in addition
BATCH_S = 0.5  # for further rounds of one batch
BUDGET_S = 10.0  # no batch is tried after it: tiny networks would gain for ever


@dataclass(frozen=True)
class Throughput:
    """The best batch with its latencies, and the clips a second of every batch that was tried.

    `is_growing` says that the largest batch that was tried still gained.
    """

    batch: int
    latency: LatencySamples
    by_batch: dict[int, float]
    is_growing: bool

    @property
    def clips_per_second(self) -> tuple[float, ...]:
        """The samples: one for each latency of the best batch."""
        return tuple(self.batch / seconds for seconds in self.latency.seconds)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of the latencies, and one where a larger batch may give more."""
        growing = "throughput still grew at this batch, the largest that there was time for"
        return (*self.latency.warnings, *([growing] if self.is_growing else []))


def read(point: Point, device: Device) -> Reading:
    """The clips a second of `point` on `device`, at the best batch."""

    def time_batch(batch: int) -> LatencySamples:
        placed = place(point.model_copy(update={"batch": batch}), device)
        return latency.measure(*placed, point.mode, point.precision, point.step, budget_s=BATCH_S)

    best = measure(time_batch)
    by_batch: dict[str, int | float] = {str(batch): rate for batch, rate in best.by_batch.items()}
    return Reading(
        best.clips_per_second,
        {"best": {"batch": best.batch}, "clips_per_second_by_batch": by_batch},
        best.warnings,
        settings=best.latency.settings,
    )


def measure(time_batch: Callable[[int], LatencySamples]) -> Throughput:
    """Time batches of 1, 2, 4, ... with `time_batch` until clips a second no longer grow.

    Also ends if a batch does not fit in memory, and after `BUDGET_S`. Raises torch's
    error if one clip does not fit.
    """
    start = time.perf_counter()
    best, best_taken = 1, time_batch(1)
    by_batch = {1: 1 / statistics.median(best_taken.seconds)}
    while time.perf_counter() - start < BUDGET_S:
        batch = 2 * best
        try:
            taken = time_batch(batch)
        except Exception as error:
            if not is_shortage(error):
                raise
            break
        by_batch[batch] = batch / statistics.median(taken.seconds)
        if by_batch[batch] < (1 + GAIN) * by_batch[best]:
            break
        best, best_taken = batch, taken
    else:
        return Throughput(best, best_taken, by_batch, is_growing=True)
    return Throughput(best, best_taken, by_batch, is_growing=False)
