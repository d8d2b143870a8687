"""The largest batch that fits in memory: simulated first, then confirmed on the machine."""

from collections.abc import Callable

from bench.errors import BenchError
from bench.records.measurement import Measurement
from bench.records.point import Device, Point
from bench.runs.tasks import make_task
from bench.runs.workers import measure_tasks

MAX_BATCH = 1 << 20  # no memory holds more clips; it ends the search for a tiny network


def simulate_largest_batch(point: Point, capacity_bytes: int) -> int:
    """The largest batch of `point` whose simulated peak is at most `capacity_bytes`; 0 if none is.

    Raises `BenchError` if the simulation fails.
    """
    return search_batch(lambda batch: simulated_peak(point, batch) <= capacity_bytes)


def simulated_peak(point: Point, batch: int) -> int:
    """The simulated peak of `point` in bytes, with another batch."""
    return int(make_task(_at(point, batch), "memory:simulated").measure().value)


def confirm_largest_batch(point: Point, device: Device, capacity_bytes: int, start: int) -> int:
    """The largest batch that runs on `device` while PyTorch holds at most `capacity_bytes`.

    The search starts at `start`; each trial runs in a fresh process. 0 if one clip does not fit.
    Raises `BenchError` if a trial fails for another reason than memory.
    """

    def fits(batch: int) -> bool:
        ((_, trial),) = measure_tasks(
            [make_task(_at(point, batch), f"memory:{device}")], jobs=1, fresh=True
        )
        return _fits(trial, capacity_bytes)

    return search_batch(fits, start)


def search_batch(fits: Callable[[int], bool], start: int = 1) -> int:
    """The largest batch that `fits`; 0 if none does. Every smaller batch must fit as well.

    Tries batches near `start` first, then farther ones.
    """
    low, high, step = 0, MAX_BATCH + 1, 1
    batch = min(max(start, 1), MAX_BATCH)
    while high - low > 1:
        if fits(batch):
            low = batch
        else:
            high = batch
        is_enclosed = low > 0 and high <= MAX_BATCH
        ahead = low + step if high > MAX_BATCH else high - step
        batch = (low + high) // 2 if is_enclosed else min(max(ahead, 1), MAX_BATCH)
        step *= 2
    return low


def _at(point: Point, batch: int) -> Point:
    return point.model_copy(update={"batch": batch})


def _fits(trial: Measurement, capacity_bytes: int) -> bool:
    if trial.status == "ok":
        return trial.details["allocator"]["reserved"] <= capacity_bytes
    if trial.status == "oom":
        return False
    raise BenchError(f"batch {trial.point.batch} is {trial.status}: {trial.reason}")
