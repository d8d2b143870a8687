"""A store that several processes write to at once."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from bench.records.store import Store
from tests.records import measurement, point

PROCESSES = 8
EACH = 100  # measurements of a process's own
SHARED = 50  # that every process measures
MADE = 20  # stores that all want to make at the same time


def write(path: Path, barrier: Barrier, number: int) -> None:
    """What one process does: make stores or find them made, and put its measurements into one."""
    for i in range(MADE):
        barrier.wait()
        with Store(path.with_name(f"made-{i}"), create=True) as store:
            store.put(f"{number}", measurement(point()))
    with Store(path, create=True) as store:
        for i in range(EACH):
            where = point(frames=i + 1, batch=number + 1)
            store.put(f"{number}-{i}", measurement(where, samples=(number * EACH + i,)))
            if i < SHARED:
                store.touch([f"shared-{i}"])
                store.put(f"shared-{i}", measurement(point(frames=i + 1), samples=(i,)))


@pytest.mark.parametrize("exists", [False, True])
def test_eight_processes_lose_nothing_and_store_nothing_twice(tmp_path: Path, exists: bool) -> None:
    path = tmp_path / "store.sqlite"
    if exists:
        with Store(path, create=True):
            pass
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.records", "bench.records.store"])
    barrier = processes.Barrier(PROCESSES)
    writers = [
        processes.Process(target=write, args=(path, barrier, number)) for number in range(PROCESSES)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * PROCESSES
    for i in range(MADE):
        with Store(path.with_name(f"made-{i}")) as store:
            assert len(store.measurements()) == PROCESSES
    with Store(path) as store:
        found = [(m.point.batch, m.point.frames, m.value) for m in store.measurements()]
        own = [(n + 1, i + 1, n * EACH + i) for n in range(PROCESSES) for i in range(EACH)]
        shared = [(1, i + 1, i) for i in range(SHARED)]
        assert sorted(found) == sorted(own + shared)
        assert store.get(["shared-3"])["shared-3"].value == 3
