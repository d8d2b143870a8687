"""Runs tasks in worker processes, and stores each result as it arrives."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial
from math import inf

from bench.machine import busy
from bench.machine.environment import has_device, usable_cores
from bench.machine.interrupts import hold_interrupts
from bench.machine.processes import TIME_LIMIT_S
from bench.records.measurement import Measurement
from bench.records.store import Store
from bench.runs.tasks import Task
from bench.runs.workers import Result, measure_tasks


def missing_tasks(tasks: Sequence[Task], store: Store) -> list[Task]:
    """The tasks whose results the store does not have, or had to take with too few threads.

    Threads are chosen while something is measured, by how busy the machine is. A figure of fewer
    threads than could be used now does not compare with the others: it is measured again.
    """
    present = store.identities() - {t.identity for t in _short_of_threads(tasks, store)}
    return [t for t in tasks if t.identity not in present]


def _short_of_threads(tasks: Sequence[Task], store: Store) -> list[Task]:
    """The tasks of this machine whose stored figures have fewer threads than are free now."""
    threaded = [t for t in tasks if t.instrument.takes_free_cores and not t.pool]
    found = store.get(t.identity for t in threaded)
    used = {identity: m.threads for identity, m in found.items() if m.threads}
    if min(used.values(), default=inf) >= usable_cores():
        return []  # nothing to gain: it takes a moment to see how busy the machine is
    free = busy.free_threads(busy.look())
    return [t for t in threaded if used.get(t.identity, free) < free]


def run(
    tasks: Sequence[Task],
    store: Store,
    *,
    jobs: int,
    time_limit_s: float = TIME_LIMIT_S,
    on_result: Callable[[Measurement], object],
) -> list[Measurement]:
    """Measure `tasks` in `jobs` processes, store each result at once, and return all of them.

    A result is stored under the identity that its worker computes, since a user's file may have
    changed since `tasks` were made. An interrupt ends the run after the points in flight have been
    stored.
    """
    found = []
    with (
        hold_interrupts(),
        closing(measure_in_order(tasks, jobs=jobs, time_limit_s=time_limit_s)) as coming,
    ):
        for identity, measurement in coming:
            store.put(identity, measurement)
            on_result(measurement)
            found.append(measurement)
    return found


def measure_in_order(
    tasks: Sequence[Task],
    *,
    jobs: int,
    time_limit_s: float,
    begin: Callable[[Task], bool] = lambda _: True,
) -> Generator[Result]:
    """Measure `tasks` in `jobs` processes, and yield the results as they come.

    Tasks whose figures depend on this machine come last: one at a time, each in a fresh process. If
    a process dies, or takes longer than `time_limit_s`, that is the result of its task. `begin` is
    called before each task; if it returns False, no more tasks begin.
    """
    alone = [t for t in tasks if _is_of_this_machine(t)]
    others = [t for t in tasks if not _is_of_this_machine(t)]
    within = partial(measure_tasks, time_limit_s=time_limit_s, finish=True, begin=begin)
    yield from within(others, jobs=jobs)
    yield from within(alone, jobs=1, fresh=True)


def _is_of_this_machine(task: Task) -> bool:
    """Whether a task will measure this machine; without its device it measures nothing."""
    return task.instrument.device is not None and has_device(task.instrument.device)
