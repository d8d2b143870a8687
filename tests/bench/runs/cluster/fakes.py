"""A scheduler whose jobs fare as a test says, without a process."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.runs.cluster.pack import LOG, Done, Line, LogWriter, Pack, open_log, read_pack
from bench.runs.tasks import Task, make_task
from tests.records import measurement

Fate = Callable[[Path], bool]  # what a job does with a pack, and whether it still runs then


class FakeScheduler:
    """Jobs have the `fates`, in turn; those after the last one finish."""

    name = "fake"
    lag_s = 0.0

    def __init__(self, *fates: Fate, pool: str = "", max_jobs: int | None = None) -> None:
        self.fates = list(fates)
        self.pool = pool
        self.max_jobs = max_jobs
        self.packs: list[Pack] = []
        self.together: list[int] = []  # how many packs were submitted at once
        self.gpus: list[bool] = []
        self.cancelled: list[str] = []
        self._alive: set[str] = set()

    def submit(self, packs: Sequence[Path], *, gpu: bool) -> list[str]:
        self.together.append(len(packs))
        jobs = []
        for path in packs:
            self.packs.append(read_pack(path))
            self.gpus.append(gpu)
            jobs.append(f"job{len(self.packs)}")
            if (self.fates.pop(0) if self.fates else finishes)(path):
                self._alive.add(jobs[-1])
        return jobs

    def alive(self, jobs: Collection[str], logs: Mapping[str, Path]) -> set[str]:
        assert set(jobs) == set(logs)
        self._alive -= {job for job in jobs if has_ended(logs[job])}
        return set(jobs) & self._alive

    def cancel(self, jobs: Collection[str]) -> None:
        self.cancelled += jobs
        self._alive -= set(jobs)


def has_ended(log: Path) -> bool:
    """Whether a job told that it ended."""
    return log.exists() and b'"ended"' in log.read_bytes()


def finishes(path: Path) -> bool:
    """Every task is measured."""
    return measures(len(read_pack(path).tasks), ends=True)(path)


def measures(count: int, *, begins: int = 0, ends: bool = False, runs: bool = False) -> Fate:
    """So many tasks are measured and so many more begun; then the job ends, runs on or is gone."""

    def fate(path: Path) -> bool:
        tasks = tasks_of(read_pack(path))
        with telling(path) as writer:
            writer.write(Line(started=True))
            for number, one in enumerate(tasks[: count + begins]):
                writer.write(Line(begun=number))
                if number < count:
                    writer.write(Line(done=done(number, one)))
            if ends:
                writer.write(Line(ended=True))
        return runs

    return fate


def vanishes(path: Path) -> bool:
    """Nothing is told, and the job is gone."""
    return False


def waits(path: Path) -> bool:
    """Nothing is told yet."""
    return True


def done(number: int, one: Task) -> Done:
    """A result of a task: as many of its unit as the point has frames."""
    found = measurement(
        one.point,
        quantity=one.instrument.quantity,
        instrument=one.instrument.name,
        unit=one.instrument.unit,
        samples=(one.point.frames,),
    )
    return Done(task=number, identity=one.identity, measurement=found)


def tasks_of(pack: Pack) -> list[Task]:
    return [make_task(one.point, one.label, pack.pool) for one in pack.tasks]


@contextmanager
def telling(path: Path) -> Iterator[LogWriter]:
    with open_log(path.with_suffix(LOG)) as writer:
        assert writer is not None
        yield writer
