"""Runs tasks in worker processes and stores each result as it arrives."""

from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import chain

from bench.environment import has_device
from bench.processes import TIME_LIMIT_S
from bench.records import Measurement
from bench.store import Store
from bench.tasks import Task
from bench.workers import interrupts_held, measured


def missing(tasks: Sequence[Task], store: Store) -> list[Task]:
    """The tasks that the store has no result of."""
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
    """Measure `tasks` in `jobs` processes, storing each result at once; return all of them.

    What is a figure of this machine comes last, alone, each in a process of its own. A task whose
    process dies, or takes longer than `time_limit_s`, has that for a result. An interrupt ends the
    run after the points in flight, which are stored too. A result is stored under the identity that
    its worker finds: a user's file may have changed since `tasks` were made.
    """
    alone = [t for t in tasks if _is_of_this_machine(t)]
    others = [t for t in tasks if not _is_of_this_machine(t)]
    results = []
    with (
        interrupts_held(),
        closing(measured(others, jobs=jobs, time_limit_s=time_limit_s, finish=True)) as first,
        closing(
            measured(alone, jobs=1, time_limit_s=time_limit_s, fresh=True, finish=True)
        ) as second,
    ):
        for identity, measurement in chain(first, second):
            store.put(identity, measurement)
            on_result(measurement)
            results.append(measurement)
    return results


def _is_of_this_machine(task: Task) -> bool:
    """Whether a task will measure the machine; without its device, it only says so."""
    return task.instrument.device is not None and has_device(task.instrument.device)
