"""Runs tasks in worker processes and stores each result as it arrives."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from bench.errors import BenchError
from bench.records import Measurement, Point
from bench.store import Store
from bench.tasks import Task, task


def missing(tasks: Sequence[Task], store: Store) -> list[Task]:
    """The tasks that the store has no result of."""
    present = store.identities()
    return [t for t in tasks if t.identity not in present]


def run(
    tasks: Sequence[Task], store: Store, *, jobs: int, on_result: Callable[[Measurement], None]
) -> list[Measurement]:
    """Measure `tasks` in `jobs` processes, storing each result at once; return what failed.

    Raises `BenchError` where a worker dies; what was measured until then is in the store.
    """
    failed = []
    for finished, measurement in _measured(tasks, jobs):
        store.put(finished.identity, measurement)
        on_result(measurement)
        if measurement.status == "failed":
            failed.append(measurement)
    return failed


def _measured(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, Measurement]]:
    """Every task with its measurement, as they are finished."""
    if not tasks:
        return
    with _workers(min(jobs, len(tasks))) as pool:
        futures: dict[Future[Measurement], Task] = {
            pool.submit(_measure, t.point, f"{t.instrument.quantity}:{t.instrument.name}"): t
            for t in tasks
        }
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise BenchError(
                "a worker process was killed, perhaps for want of memory: "
                "run the same command again to go on, with fewer --jobs"
            ) from error


@contextmanager
def _workers(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of fresh processes: torch does not survive a fork of a process that used it."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_one_thread)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _one_thread() -> None:
    """Keep torch from starting a thread per core in every worker."""
    import torch

    torch.set_num_threads(1)


def _measure(point: Point, quantity: str) -> Measurement:
    return task(point, quantity).measure()
