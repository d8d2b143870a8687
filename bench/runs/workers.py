"""Worker processes, which measure one task after another.

If a worker dies, only its task is affected: its result says how the process ended.
"""

import gc
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from math import inf
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait

from bench.errors import BenchError
from bench.machine.interrupts import allow_interrupts, block_interrupts
from bench.machine.processes import TIME_LIMIT_S, process_context
from bench.records.measurement import Measurement
from bench.runs.tasks import Task, make_task
from models import NetworkError

DEVICE_LOST = "the GPU is gone: see 'nvidia-smi' and the system's log, then run it again"
GRACE_S = 2.0  # for a process and its libraries to end by themselves

Result = tuple[str, Measurement]  # an identity and its measurement


class Worker:
    """A process that measures the tasks that it is given."""

    def __init__(self, time_limit_s: float) -> None:
        processes = process_context()
        self.connection, inner = processes.Pipe()
        self._process = processes.Process(target=_serve, args=(inner,))
        with block_interrupts():  # here, because `start` may unblock them
            self._process.start()
        inner.close()  # so that only the worker holds its end
        self._time_limit_s = time_limit_s
        self.task: Task | None = None
        self.deadline = inf

    def give(self, task: Task) -> None:
        """Have the worker measure `task`. Its connection becomes ready when it is done."""
        self.task = task
        self.deadline = time.monotonic() + self._time_limit_s
        with suppress(BrokenPipeError):  # the worker has died: `take` will find out
            self.connection.send((task.point, task.instrument.label, task.pool))

    def take(self) -> Result:
        """The result of the task; if the worker died, how it ended."""
        assert self.task is not None
        given, self.task, self.deadline = self.task, None, inf
        try:
            result: Result | BenchError = self.connection.recv()
        except (EOFError, ConnectionError):
            return given.identity, given.without_figure("killed", self._last_words())
        if isinstance(result, BenchError):
            return given.identity, given.without_figure("failed", str(result))
        if given.has_lost_device(result[1]):
            return given.identity, given.without_figure("lost", DEVICE_LOST)
        return result

    def give_up(self) -> Result:
        """End the worker during its task; returns the task's result."""
        assert self.task is not None
        self.end()
        given, self.task, self.deadline = self.task, None, inf
        reason = f"took longer than {self._time_limit_s:g} s: allow more with --time-limit"
        return given.identity, given.without_figure("timeout", reason)

    @property
    def is_alive(self) -> bool:
        """Whether the process can measure another task."""
        return self._process.is_alive()

    def end(self) -> None:
        """End the process. An idle one ends by itself when its connection is closed."""
        self.connection.close()
        self._process.join(0 if self.task else GRACE_S)
        self._process.kill()
        self._process.join()

    def _last_words(self) -> str:
        self._process.join()
        code = self._process.exitcode or 0
        if code >= 0:
            return f"its process ended with exit code {code}"
        name = signal.Signals(-code).name
        memory = ", which the system sends when memory runs out" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{memory}"


def measure_tasks(
    tasks: Sequence[Task],
    *,
    jobs: int,
    time_limit_s: float = TIME_LIMIT_S,
    fresh: bool = False,
    finish: bool = False,
    begin: Callable[[Task], bool] = lambda _: True,
) -> Generator[Result]:
    """Measure `tasks` in `jobs` workers, and yield the results as they come.

    With `fresh` each task has a process of its own. `begin` is called before each task; if it
    returns False, that task and all later ones are left out. With `finish`, an interrupt is raised
    after the results of the tasks in flight; a second one is raised at once.
    """
    waiting, workers = deque(tasks), list[Worker]()
    interrupt: KeyboardInterrupt | None = None

    def take() -> Task | None:
        if waiting and not begin(waiting[0]):
            waiting.clear()
        return waiting.popleft() if waiting else None

    try:
        while waiting or workers:
            try:
                while len(workers) < jobs and (next_task := take()):
                    workers.append(Worker(time_limit_s))
                    workers[-1].give(next_task)
                ready = _next(workers)
            except KeyboardInterrupt as error:
                if interrupt or not finish:
                    raise
                interrupt = error
                waiting.clear()
                continue
            for worker, result in ready:
                next_task = take() if worker.is_alive and not fresh else None
                if next_task:
                    worker.give(next_task)
                else:
                    workers.remove(worker)
                    worker.end()
                yield result
        if interrupt:
            raise interrupt
    finally:
        for worker in workers:
            worker.end()


def _next(workers: Sequence[Worker]) -> list[tuple[Worker, Result]]:
    """Wait for the next results, or until a task exceeds its time."""
    if not workers:
        return []
    soonest = min(worker.deadline for worker in workers)
    rest = None if soonest == inf else max(soonest - time.monotonic(), 0.0)
    with allow_interrupts():
        ready = wait([worker.connection for worker in workers], rest)
    done = [(worker, worker.take()) for worker in workers if worker.connection in ready]
    late = [w for w in workers if w.task and w.deadline <= time.monotonic()]
    return done + [(worker, worker.give_up()) for worker in late]


def _serve(connection: Connection) -> None:
    """The main function of a worker: measure tasks until the connection is closed."""
    # A terminal and a scheduler signal all processes at once. Only the parent handles the signal;
    # this process ends with it.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import torch

    gc.freeze()  # imported modules are not garbage, and searching them takes long
    torch.set_num_threads(1)  # one thread per core in every worker would slow all of them
    while True:
        try:
            point, quantity, pool = connection.recv()
        except EOFError:
            return
        try:
            found = make_task(point, quantity, pool)
        except (BenchError, NetworkError) as error:  # a user's file has changed
            connection.send(BenchError(str(error)))
        else:
            connection.send((found.identity, found.measure()))


def _end_with_parent() -> None:
    """End this process when the parent has died."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
