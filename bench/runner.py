"""Runs tasks in worker processes and stores each result as it arrives."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait

from bench.errors import BenchError
from bench.records import Measurement, Point
from bench.store import Store
from bench.tasks import Task, task


def missing(tasks: Sequence[Task], store: Store) -> list[Task]:
    """The tasks that the store has no result of."""
    present = store.identities()
    return [t for t in tasks if t.identity not in present]


def run(
    tasks: Sequence[Task], store: Store, *, jobs: int, on_result: Callable[[Measurement], object]
) -> list[Measurement]:
    """Measure `tasks` in `jobs` processes, storing each result at once; return what failed.

    What is timed comes last, in one process: nothing else runs beside it.
    An interrupt ends the run after the points in flight, which are stored too. Raises `BenchError`
    where a worker dies; what was measured until then is in the store. A result is stored under the
    identity that its worker finds: a user's file may have changed since `tasks` were made.
    """
    timed = [t for t in tasks if t.instrument.timed]
    others = [t for t in tasks if not t.instrument.timed]
    return [
        *_run_in_pool(others, store, jobs, on_result),
        *_run_in_pool(timed, store, 1, on_result),
    ]


def _run_in_pool(
    tasks: Sequence[Task], store: Store, jobs: int, on_result: Callable[[Measurement], object]
) -> list[Measurement]:
    """`run` in one pool of processes, in any order."""
    failed: list[Measurement] = []
    if not tasks:
        return failed
    with _workers(min(jobs, len(tasks))) as pool:
        with _sigint_ignored():  # workers inherit it: only this process answers Ctrl-C
            waiting = {pool.submit(_measure, t.point, t.instrument.label) for t in tasks}

        def keep(future: Future[tuple[str, Measurement]]) -> None:
            waiting.remove(future)
            identity, measurement = future.result()
            store.put(identity, measurement)
            on_result(measurement)
            if measurement.status == "failed":
                failed.append(measurement)

        try:
            for future in as_completed(list(waiting)):
                keep(future)
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            for future in list(waiting):
                if not future.cancelled():
                    keep(future)
            raise
        except BrokenProcessPool as error:
            raise BenchError(
                "a worker process was killed, perhaps for want of memory: "
                "run the same command again to go on, with fewer --jobs"
            ) from error
    return failed


@contextmanager
def _workers(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of fresh processes: torch does not survive a fork of a process that used it."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _sigint_ignored() -> Iterator[None]:
    """Ignore SIGINT for the time of a block; signals are the main thread's alone to set."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _start_worker() -> None:
    """End with the parent, and keep torch from starting a thread per core in every worker."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import torch

    torch.set_num_threads(1)


def _end_with_parent() -> None:
    """Wait for the parent to die, by whatever signal; its queue would never tell."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _measure(point: Point, quantity: str) -> tuple[str, Measurement]:
    found = task(point, quantity)
    return found.identity, found.measure()
