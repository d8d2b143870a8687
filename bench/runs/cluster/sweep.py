"""A sweep in jobs: missing tasks are submitted, results are stored, lost tasks are tried again.

The folder of the jobs is beside the store. A sweep that is started again waits for the jobs that
still exist, and submits the tasks that none of them has.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path
from uuid import uuid4

from bench.errors import BenchError
from bench.machine.interrupts import allow_interrupts, hold_interrupts
from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Point
from bench.records.store import Store
from bench.runs.cluster.job import MARGIN_S
from bench.runs.cluster.locks import lock
from bench.runs.cluster.pack import (
    JOB,
    LOG,
    PACK,
    STOP,
    Log,
    Pack,
    PackedTask,
    read_pack,
    write_pack,
)
from bench.runs.cluster.schedulers import Scheduler
from bench.runs.tasks import Task, make_task

TaskKey = tuple[Point, str]  # a point and `quantity:instrument`
POLL_S = 1.0


@dataclass(frozen=True)
class PackingOptions:
    """How tasks are packed into jobs. `processes` is the number of worker processes in a job."""

    points_per_job: int
    processes: int
    requeues: int
    time_limit_s: float
    job_time_s: float


@dataclass
class Job:
    """A submitted pack and its state."""

    path: Path
    pack: Pack
    scheduler: str
    id: str
    was_left: bool = False  # by an earlier run that died
    log: Log = field(init=False)
    started_at: float | None = None
    gone_at: float | None = None

    def __post_init__(self) -> None:
        self.log = Log(self.path.with_suffix(LOG))


def jobs_folder(store: Path) -> Path:
    """The folder of a store's jobs."""
    return store.with_name(f"{store.name}.jobs")


def run(
    tasks: Sequence[Task],
    store: Store,
    scheduler: Scheduler,
    options: PackingOptions,
    *,
    on_result: Callable[[Measurement], object],
) -> list[Measurement]:
    """Measure `tasks` in jobs, store each result as it arrives, and return all of them.

    A task is lost if it was in flight in more than `options.requeues` lost jobs. An interrupt ends
    the sweep after the points in flight. A second one leaves the jobs running; the next run waits
    for them. Raises `BenchError` if another sweep of the store runs.
    """
    folder = jobs_folder(store.path)
    wanted = {(t.point, t.instrument.label) for t in tasks}
    found: list[Measurement] = []

    def keep(identity: str, measurement: Measurement) -> None:
        store.put(identity, measurement)
        key = (measurement.point, measurement.label)
        if key in wanted:  # a job of an earlier run may have other points
            wanted.remove(key)
            found.append(measurement)
            on_result(measurement)

    with hold_interrupts(), _own(folder):
        sweep = JobSweep(folder, scheduler, options, keep)
        sweep.take_up(tasks)
        sweep.finish()
        if not any(m.status == "lost" for m in found):  # the output of their jobs may say why
            shutil.rmtree(folder, ignore_errors=True)
    return found


def collect(store: Store) -> None:
    """Store the results of jobs that an interrupted sweep left running."""
    folder = jobs_folder(store.path)
    if folder.exists():
        for job in _left_jobs(folder):
            for line in job.log.news():
                store.put(line.identity, line.measurement)


class JobSweep:
    """The jobs of a sweep, and the tasks that are not submitted yet."""

    def __init__(
        self,
        folder: Path,
        scheduler: Scheduler,
        options: PackingOptions,
        keep: Callable[[str, Measurement], object],
    ) -> None:
        self._folder = folder
        self._scheduler = scheduler
        self._options = options
        self._keep = keep
        self._jobs: list[Job] = []
        self._waiting: list[Pack] = []
        self._wanted: set[TaskKey] = set()
        self._is_stopped = False

    def take_up(self, tasks: Sequence[Task]) -> None:
        """Adopt the jobs that exist already, and queue the tasks that none of them has."""
        (self._folder / STOP).unlink(missing_ok=True)
        self._jobs = _left_jobs(self._folder)
        for job in self._jobs:
            if job.scheduler not in ("", self._scheduler.name):
                raise BenchError(
                    f"{self._folder}: has jobs of {job.scheduler}: continue with --executor "
                    f"{job.scheduler}, or end them and delete the folder"
                )
        self._wanted = {(t.point, t.instrument.label) for t in tasks}
        here = [job.pack for job in self._jobs if job.pack.pool == self._scheduler.pool]
        taken = {(one.point, one.label) for pack in here for one in pack.tasks}
        packed = [PackedTask(point=t.point, label=t.instrument.label) for t in tasks]
        self._queue([one for one in packed if (one.point, one.label) not in taken])

    def finish(self) -> None:
        """Return when no task waits and no job runs; then raise an interrupt that came."""
        interrupt: KeyboardInterrupt | None = None
        while self._jobs or self._waiting:
            self._submit()
            self._step()
            try:
                with allow_interrupts():
                    time.sleep(POLL_S if self._jobs else 0)
            except KeyboardInterrupt as error:
                if interrupt:
                    raise
                interrupt = error
                self._stop()
            if interrupt:
                self._waiting.clear()
        if interrupt:
            raise interrupt

    def _queue(self, tasks: Sequence[PackedTask]) -> None:
        """Pack tasks by device, so that a GPU is not held for counting."""
        kinds: dict[str, list[PackedTask]] = {}
        for one in tasks:
            kinds.setdefault(find_instrument(one.label).device or "", []).append(one)
        size = self._options.points_per_job
        for _, ones in sorted(kinds.items()):
            for start in range(0, len(ones), size):
                self._waiting.append(self._pack(ones[start : start + size]))

    def _pack(self, tasks: Sequence[PackedTask]) -> Pack:
        return Pack(
            tasks=tuple(tasks),
            pool=self._scheduler.pool,
            folder=str(Path.cwd()),
            jobs=self._options.processes,
            time_limit_s=self._options.time_limit_s,
            job_time_s=self._options.job_time_s,
            requeues=self._options.requeues,
        )

    def _submit(self) -> None:
        """Submit waiting packs as long as there is room."""
        while batch := self._next_batch():
            # A name is never used twice: a job may start long after its pack was withdrawn.
            paths = [self._folder / f"{uuid4().hex}{PACK}" for _ in batch]
            for path, pack in zip(paths, batch, strict=True):
                write_pack(path, pack)
            ids = self._scheduler.submit(paths, gpu=batch[0].device == "cuda")
            for path, pack, job_id in zip(paths, batch, ids, strict=True):
                path.with_suffix(JOB).write_text(f"{self._scheduler.name} {job_id}")
                self._jobs.append(Job(path, pack, self._scheduler.name, job_id))

    def _next_batch(self) -> list[Pack]:
        """The packs to submit together: all for the same device.

        A pack that measures this machine is submitted alone.
        """
        if not self._waiting:
            return []
        device, room = self._waiting[0].device, len(self._waiting)
        if self._scheduler.max_jobs is not None:
            is_alone = device or any(job.pack.device for job in self._jobs)
            room = (1 if is_alone else self._scheduler.max_jobs) - len(self._jobs)
        alike = takewhile(lambda pack: pack.device == device, self._waiting)
        batch = list(islice(alike, max(room, 0)))
        del self._waiting[: len(batch)]
        return batch

    def _step(self) -> None:
        """Keep the new results of all jobs, and settle the jobs that are over."""
        logs = {job.id: job.log.path for job in self._jobs}
        alive = self._scheduler.alive(logs.keys(), logs)
        for job in list(self._jobs):
            for line in job.log.news():
                self._keep(line.identity, line.measurement)
            over = self._why_over(job, job.id in alive)
            if over is not None:
                self._settle(job, over)

    def _why_over(self, job: Job, is_alive: bool) -> str | None:
        """Why a job is over; None if it is not."""
        now = time.monotonic()
        if job.log.has_started and job.started_at is None:
            job.started_at = now
        if job.started_at is not None and now - job.started_at > job.pack.job_time_s + MARGIN_S:
            self._scheduler.cancel([job.id])
            return "ran past its time limit"
        if is_alive:
            job.gone_at = None
            return None
        if job.log.has_ended:
            return "ended"
        job.gone_at = job.gone_at or now
        if now - job.gone_at < self._scheduler.lag_s:
            return None
        return "ended without a message, as when it is killed or its machine fails"

    def _settle(self, job: Job, why: str) -> None:
        """Queue the unfinished tasks of a job that is over, unless they are lost."""
        unfinished = {i: one for i, one in enumerate(job.pack.tasks) if i not in job.log.done}
        # If a job began nothing, its tasks may be the cause, unless we stopped it.
        is_idle = not (job.log.begun or job.was_left or self._is_stopped)
        again: list[PackedTask] = []
        for number, one in unfinished.items():
            losses = one.losses + job.log.losses(number) + is_idle
            if losses > self._options.requeues:
                lost = make_task(one.point, one.label, job.pack.pool)
                reason = f"job {job.id} {why} (try {losses}): see {self._folder}"
                self._keep(lost.identity, lost.without_figure("lost", reason))
            elif (one.point, one.label) in self._wanted:
                again.append(one.model_copy(update={"losses": losses}))
        self._queue(again)
        self._withdraw(job)

    def _stop(self) -> None:
        """End every job after its points in flight, and cancel those that have not begun."""
        self._is_stopped = True
        (self._folder / STOP).touch()
        unstarted = [job for job in self._jobs if not job.log.has_started]
        self._scheduler.cancel([job.id for job in unstarted])
        for job in unstarted:
            self._withdraw(job)

    def _withdraw(self, job: Job) -> None:
        """Forget a job. If it starts nevertheless, it finds nothing to do."""
        for suffix in (PACK, JOB, LOG):
            job.path.with_suffix(suffix).unlink(missing_ok=True)
        self._jobs.remove(job)


def _left_jobs(folder: Path) -> list[Job]:
    """The jobs that an earlier sweep submitted and did not wait for."""
    jobs = []
    for path in sorted(folder.glob(f"*{PACK}")):
        submitted = path.with_suffix(JOB)
        text = submitted.read_text("utf-8", "replace") if submitted.exists() else ""
        scheduler, _, job_id = text.partition(" ")
        jobs.append(Job(path, read_pack(path), scheduler, job_id, was_left=True))
    return jobs


@contextmanager
def _own(folder: Path) -> Iterator[None]:
    """Make the folder of jobs and lock it. Raises `BenchError` if another sweep has it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # its contents are executed
        with lock(folder / "lock") as is_ours:
            if not is_ours:
                raise BenchError(f"{folder}: another run waits for its jobs: wait for that one")
            yield
    except OSError as error:
        raise BenchError(f"{folder}: {error.strerror}: check the folder and free space") from error
