"""The largest batch that a memory holds: simulated first, then confirmed by running."""

from collections.abc import Callable

from bench.errors import BenchError
from bench.records.measurement import Measurement
from bench.records.point import Device, Point
from bench.runs.tasks import make_task
from bench.runs.workers import measure_tasks

LARGEST = 1 << 20  # no memory holds more clips; keeps a search over a network of no size finite


def simulate_largest_batch(point: Point, capacity_bytes: int) -> int:
    """The largest batch of `point` whose simulated peak is at most `capacity_bytes`; 0 for none.

    Raises `BenchError` where the simulation fails.
    """
    return largest_batch(lambda batch: simulated_peak(point, batch) <= capacity_bytes)


def simulated_peak(point: Point, batch: int) -> int:
    """The simulated peak of `point` at another batch, in bytes."""
    return int(make_task(_at(point, batch), "memory:simulated").measure().value)


def confirm_largest_batch(point: Point, device: Device, capacity_bytes: int, start: int) -> int:
    """The largest batch that runs on `device` while PyTorch holds at most `capacity_bytes`.

    The search starts at `start`; every trial is a fresh process. 0 where one clip does not fit;
    raises `BenchError` where a trial fails for another reason than memory.
    """

    def fits(batch: int) -> bool:
        ((_, trial),) = measure_tasks(
            [make_task(_at(point, batch), f"memory:{device}")], jobs=1, fresh=True
        )
        return _fits(trial, capacity_bytes)

    return largest_batch(fits, start)


def largest_batch(fits: Callable[[int], bool], start: int = 1) -> int:
    """The largest batch that `fits`, 0 for none, where every smaller one fits as well.

    Looks near `start` first, then ever farther from it.
    """
    low, high, step = 0, LARGEST + 1, 1
    batch = min(max(start, 1), LARGEST)
    while high - low > 1:
        if fits(batch):
            low = batch
        else:
            high = batch
        is_enclosed = low > 0 and high <= LARGEST
        ahead = low + step if high > LARGEST else high - step
        batch = (low + high) // 2 if is_enclosed else min(max(ahead, 1), LARGEST)
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
