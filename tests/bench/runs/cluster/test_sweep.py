import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError
from bench.records.measurement import Measurement
from bench.records.store import Store
from bench.runs.cluster import sweep
from bench.runs.cluster.job import MARGIN_S
from bench.runs.cluster.pack import JOB, PACK, STOP, Line, Pack, PackedTask, write_pack
from bench.runs.cluster.sweep import PackingOptions, collect, jobs_folder
from bench.runs.runner import missing_tasks
from bench.runs.tasks import Task, make_task
from tests.bench.runs.cluster.fakes import FakeScheduler, done, measures, telling, vanishes, waits
from tests.records import point

OPTIONS: dict[str, Any] = {
    "points_per_job": 4,
    "processes": 1,
    "requeues": 2,
    "time_limit_s": 10.0,
    "job_time_s": 600.0,
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "POLL_S", 0.01)


@pytest.fixture
def tasks() -> list[Task]:
    return [make_task(point(frames=n), "macs") for n in range(1, 9)]


def run(
    tasks: Sequence[Task], path: Path, scheduler: FakeScheduler, **options: Any
) -> list[Measurement]:
    """Sweep what the store at `path` does not have; returns what was measured."""
    seen: list[Measurement] = []
    with Store(path, create=True) as store:
        collect(store)
        left = missing_tasks(tasks, store)
        found = sweep.run(
            left, store, scheduler, PackingOptions(**OPTIONS | options), on_result=seen.append
        )
        assert seen == found
        assert {m.point for m in found} <= {m.point for m in store.measurements()}
    return found


def by_frames(path: Path) -> dict[int, str]:
    """The status of every point in a store, each of which is there once."""
    with Store(path) as store:
        found = store.measurements()
    assert len({m.point for m in found}) == len(found)
    return {m.point.frames: m.status for m in found}


def left_behind(path: Path, tasks: Sequence[Task], job: str = "fake job1") -> Path:
    """A pack in the folder of a store's jobs, as a sweep leaves it that was killed."""
    folder = jobs_folder(path)
    folder.mkdir()
    packed = tuple(PackedTask(point=t.point, label=t.instrument.label) for t in tasks)
    limits = {name: OPTIONS[name] for name in ("requeues", "time_limit_s", "job_time_s")}
    made = Pack(tasks=packed, pool="", folder=str(folder), jobs=OPTIONS["processes"], **limits)
    write_pack(folder / f"1{PACK}", made)
    if job:
        (folder / f"1{JOB}").write_text(job)
    return folder / f"1{PACK}"


def test_every_task_is_measured_and_nothing_stays_behind(tmp_path: Path, tasks: list[Task]) -> None:
    path, scheduler = tmp_path / "s", FakeScheduler()
    found = run(tasks, path, scheduler)
    assert sorted(m.value for m in found) == list(range(1, 9))
    assert by_frames(path) == dict.fromkeys(range(1, 9), "ok")
    assert scheduler.together == [2]
    assert [len(pack.tasks) for pack in scheduler.packs] == [4, 4]
    assert not jobs_folder(path).exists()
    assert run(tasks, path, scheduler) == []
    assert len(scheduler.packs) == 2


def test_what_a_lost_job_did_not_measure_is_submitted_again(
    tmp_path: Path, tasks: list[Task]
) -> None:
    path, scheduler = tmp_path / "s", FakeScheduler(measures(1, begins=1))
    assert len(run(tasks, path, scheduler)) == 8
    assert by_frames(path) == dict.fromkeys(range(1, 9), "ok")
    again = scheduler.packs[2]
    assert [packed.point.frames for packed in again.tasks] == [2, 3, 4]
    assert [packed.losses for packed in again.tasks] == [1, 0, 0]  # only one was in flight


def test_a_task_that_ends_every_job_is_lost_and_the_others_are_not(
    tmp_path: Path, tasks: list[Task]
) -> None:
    path, scheduler = tmp_path / "s", FakeScheduler(*[measures(0, begins=1)] * 3)
    found = run(tasks[:4], path, scheduler)
    assert by_frames(path) == {1: "lost", 2: "ok", 3: "ok", 4: "ok"}
    (lost,) = (m for m in found if m.status == "lost")
    assert lost.reason.startswith("job job3 ended")
    assert "(try 3): see " in lost.reason
    assert jobs_folder(path).exists()  # where the jobs' output is
    assert len(run(tasks[:4], path, FakeScheduler())) == 1  # the next run tries it again
    assert by_frames(path) == dict.fromkeys(range(1, 5), "ok")


@pytest.mark.parametrize("requeues", [0, 1])
def test_jobs_that_never_begin_are_not_submitted_for_ever(
    tmp_path: Path, tasks: list[Task], requeues: int
) -> None:
    path, scheduler = tmp_path / "s", FakeScheduler(*[vanishes] * 20)
    run(tasks[:4], path, scheduler, requeues=requeues)
    assert set(by_frames(path).values()) == {"lost"}
    assert len(scheduler.packs) == requeues + 1


def test_what_a_job_had_no_time_for_is_submitted_again_without_an_end(
    tmp_path: Path, tasks: list[Task]
) -> None:
    path, scheduler = tmp_path / "s", FakeScheduler(*[measures(1, ends=True)] * 3)
    run(tasks[:4], path, scheduler, requeues=0)
    assert by_frames(path) == dict.fromkeys(range(1, 5), "ok")
    assert [len(pack.tasks) for pack in scheduler.packs] == [4, 3, 2, 1]


def test_a_job_that_runs_too_long_is_ended(tmp_path: Path, tasks: list[Task]) -> None:
    path, scheduler = tmp_path / "s", FakeScheduler(measures(1, begins=1, runs=True))
    run(tasks[:4], path, scheduler, job_time_s=-MARGIN_S)
    assert scheduler.cancelled == ["job1"]
    assert by_frames(path) == dict.fromkeys(range(1, 5), "ok")


def test_a_sweep_that_died_goes_on_with_what_no_job_has(tmp_path: Path, tasks: list[Task]) -> None:
    path = tmp_path / "s"
    measures(2, begins=1)(left_behind(path, tasks[:4]))
    scheduler = FakeScheduler()
    assert len(run(tasks, path, scheduler)) == 6
    assert by_frames(path) == dict.fromkeys(range(1, 9), "ok")
    packed = {one.point.frames: one.losses for pack in scheduler.packs for one in pack.tasks}
    assert packed == {3: 1, 4: 0, 5: 0, 6: 0, 7: 0, 8: 0}
    assert not jobs_folder(path).exists()


def test_jobs_of_a_sweep_that_died_are_waited_for(tmp_path: Path, tasks: list[Task]) -> None:
    path, scheduler = tmp_path / "s", FakeScheduler()
    left = left_behind(path, tasks[:4])
    timer = threading.Timer(0.5, measures(4, ends=True), [left])
    timer.start()
    runs = timer.is_alive
    scheduler.alive = lambda jobs, logs: set(jobs) if runs() else set()  # type: ignore[method-assign]
    assert len(run(tasks, path, scheduler)) == 8
    timer.join()
    assert [one.point.frames for pack in scheduler.packs for one in pack.tasks] == [5, 6, 7, 8]


def test_a_pack_that_was_not_submitted_any_more_costs_nothing(
    tmp_path: Path, tasks: list[Task]
) -> None:
    path, scheduler = tmp_path / "s", FakeScheduler()
    left_behind(path, tasks[:4], job="")
    run(tasks, path, scheduler, requeues=0)
    assert by_frames(path) == dict.fromkeys(range(1, 9), "ok")


def test_a_run_without_jobs_keeps_what_jobs_measured(tmp_path: Path, tasks: list[Task]) -> None:
    path = tmp_path / "s"
    measures(3)(left_behind(path, tasks))
    with Store(path, create=True) as store:
        collect(store)
        assert missing_tasks(tasks, store) == tasks[3:]


def test_jobs_of_another_scheduler_are_not_forgotten(tmp_path: Path, tasks: list[Task]) -> None:
    path = tmp_path / "s"
    left_behind(path, tasks, job="slurm 17")
    with pytest.raises(BenchError, match="has jobs of slurm: continue with --executor slurm"):
        run(tasks, path, FakeScheduler())


def test_two_sweeps_of_a_store_do_not_run_at_once(tmp_path: Path, tasks: list[Task]) -> None:
    path = tmp_path / "s"

    def second(_: Path) -> bool:
        with pytest.raises(BenchError, match="another run waits for its jobs"):
            run(tasks, path, FakeScheduler())
        return False

    run(tasks, path, FakeScheduler(second))
    assert by_frames(path) == dict.fromkeys(range(1, 9), "ok")


def test_what_measures_the_machine_has_it_alone_where_all_jobs_share_it(tmp_path: Path) -> None:
    where = point(depth=18, frames=1, input_size=32)
    timed = [make_task(where.model_copy(update={"batch": n}), "latency") for n in (1, 2, 3)]
    counted = [make_task(point(frames=n), "macs") for n in (1, 2, 3)]
    scheduler = FakeScheduler(max_jobs=2)
    run([*timed, *counted], tmp_path / "s", scheduler, points_per_job=1)
    devices = [pack.device for pack in scheduler.packs]
    assert devices == [None] * 3 + ["cpu"] * 3
    assert scheduler.together == [2, 1, 1, 1, 1]


def test_a_gpu_is_asked_for_where_it_is_measured_on(tmp_path: Path) -> None:
    where = point(depth=18, frames=1, input_size=32)
    kinds = ("macs", "latency:cpu", "latency:cuda", "memory:cuda")
    scheduler = FakeScheduler(pool="slurm partition=gpu")
    found = run([make_task(where, q, scheduler.pool) for q in kinds], tmp_path / "s", scheduler)
    assert len(found) == 4
    assert [pack.device for pack in scheduler.packs] == [None, "cpu", "cuda"]
    assert scheduler.gpus == [False, False, True]


@pytest.mark.usefixtures("_interruptible")
def test_an_interrupt_ends_a_sweep_after_the_points_in_flight(
    tmp_path: Path, tasks: list[Task]
) -> None:
    path = tmp_path / "s"

    def runs_until_stopped(pack: Path) -> bool:
        def end() -> None:
            while not (pack.parent / STOP).exists():
                time.sleep(0.01)
            with telling(pack) as writer:
                writer.write(Line(done=done(1, tasks[1])))
                writer.write(Line(ended=True))

        threading.Thread(target=end).start()
        return measures(1, begins=1, runs=True)(pack)

    def interrupts(pack: Path) -> bool:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        return waits(pack)

    scheduler = FakeScheduler(runs_until_stopped, interrupts)
    with pytest.raises(KeyboardInterrupt):
        run(tasks, path, scheduler)
    assert by_frames(path) == {1: "ok", 2: "ok"}
    assert scheduler.cancelled == ["job2"]
    again = FakeScheduler()
    assert len(run(tasks, path, again)) == 6
    assert sum(len(pack.tasks) for pack in again.packs) == 6
