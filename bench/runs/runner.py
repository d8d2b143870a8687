"""Runs tasks in worker processes, and stores each result as it arrives."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial

from bench.machine.environment import has_device
from bench.machine.interrupts import hold_interrupts
from bench.machine.processes import TIME_LIMIT_S
from bench.records.measurement import Measurement
from bench.records.store import Store
from bench.runs.tasks import Task
from bench.runs.workers import Result, measure_tasks


def missing_tasks(tasks: Sequence[Task], store: Store) -> list[Task]:
    """The tasks whose results the store does not have."""
    present = store.identities()
    return [t for t in tasks if t.identity not in present]


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
