import multiprocessing
import os
import time
from multiprocessing.synchronize import Event

import pytest

from bench.machine import busy


@pytest.mark.skipif(not busy.STAT.exists(), reason="this system does not tell")
def test_what_others_take_is_seen_and_what_this_process_takes_is_not() -> None:
    watch = busy.Watch()
    own = time.process_time() + 0.5
    while time.process_time() < own:
        pass
    before = watch.others_cores()
    processes = multiprocessing.get_context("spawn")
    started, over = processes.Event(), processes.Event()
    spinner = processes.Process(target=_spin, args=(started, over))
    spinner.start()
    started.wait()
    watch = busy.Watch()
    time.sleep(0.7)
    beside = watch.others_cores()
    over.set()
    spinner.join()
    assert beside > 0.5
    assert before < beside + 0.5  # others may be here as well


def _spin(started: Event, over: Event) -> None:
    started.set()
    while not over.is_set():
        sum(range(10_000))


@pytest.mark.parametrize(
    ("others", "free"), [(0.0, 4), (0.2, 4), (0.3, 3), (1.2, 3), (1.3, 2), (3.9, 1), (9.0, 1)]
)
def test_the_cores_that_others_leave_are_free(
    others: float, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("usable_cores", "shared_cores"):
        monkeypatch.setattr(busy, name, lambda: 4)
    assert busy.free_cores(others) == free


@pytest.mark.parametrize(
    ("cores", "others", "threads"),
    [(2, 0.1, 2), (2, 0.3, 1), (6, 0.3, 3), (6, 3.5, 1), (16, 1.0, 8), (16, 9.0, 4), (16, 99.0, 1)],
)
def test_threads_are_halved_until_their_cores_are_free(
    cores: int, others: float, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("usable_cores", "shared_cores"):
        monkeypatch.setattr(busy, name, lambda: cores)
    assert busy.free_threads(others) == threads


def test_a_busy_machine_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("usable_cores", "shared_cores"):
        monkeypatch.setattr(busy, name, lambda: 4)
    assert busy.warning(0.2, 4) == []
    (found,) = busy.warning(1.25, 3)
    assert "others used 1.2 of 4 cores, this process 3" in found


def test_a_system_that_does_not_tell_is_taken_for_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busy, "STAT", busy.STAT / "none")
    assert busy.Watch().others_cores() == 0.0
    assert busy.free_cores(0.0) == len(os.sched_getaffinity(0))


def test_a_container_leaves_the_cores_of_its_host_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(busy, "usable_cores", lambda: 2)
    monkeypatch.setattr(busy, "shared_cores", lambda: 64)
    assert busy.free_cores(30.0) == 2
    assert busy.free_cores(63.0) == 1
