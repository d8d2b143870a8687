from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.runs.cluster import job
from bench.runs.cluster.job import DYING_S, MARGIN_S, work
from bench.runs.cluster.pack import STOP, Line, Log, Pack, PackedTask, open_log, write_pack
from bench.runs.tasks import Task
from bench.runs.workers import Result
from tests.bench.runs.cluster.fakes import done, tasks_of
from tests.records import point

FRAMES = (1, 2, 3)


class Played:
    """The clock and the workers of a job: a point takes a second and fares as `statuses` say."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []
        self.asked: dict[str, Any] = {}
        self.begun: list[int] = []  # frames
        self.statuses: dict[int, str] = {}
        self.folders: list[Path] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def results(
        self,
        tasks: Sequence[Task],
        *,
        jobs: int,
        time_limit_s: float,
        begin: Callable[[Task], bool],
    ) -> Generator[Result]:
        self.asked = {"jobs": jobs, "time_limit_s": time_limit_s}
        self.folders.append(Path.cwd())
        for one in tasks:
            if not begin(one):
                return
            self.begun.append(one.point.frames)
            self.now += 1
            found = done(0, one).measurement
            if status := self.statuses.get(one.point.frames):
                fields = {"status": status, "samples": (), "reason": "r"}
                found = found.model_copy(update=fields)
            yield one.identity, found
            self.meanwhile()


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Played:
    monkeypatch.chdir(tmp_path)
    made = Played()
    clock = SimpleNamespace(monotonic=lambda: made.now, sleep=made.slept.append)
    monkeypatch.setattr(job, "time", clock)
    monkeypatch.setattr(job, "measure_in_order", made.results)
    monkeypatch.setattr(job, "start_fork_server", lambda: None)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "packs").mkdir()
    return tmp_path / "packs" / "1.json"


def pack(path: Path, *losses: int, **fields: Any) -> Pack:
    """A pack of three counts, written to `path`."""
    numbers = losses or (0, 0, 0)
    packed = tuple(
        PackedTask(
            point=point(depth=18, frames=n, input_size=32), label="macs:flop_counter", losses=lost
        )
        for n, lost in zip(FRAMES, numbers, strict=True)
    )
    terms: dict[str, Any] = {
        "pool": "",
        "folder": str(path.parent.parent),
        "jobs": 2,
        "time_limit_s": 10.0,
        "job_time_s": 1000.0,
        "requeues": 1,
    }
    made = Pack(tasks=packed, **{**terms, **fields})
    write_pack(path, made)
    return made


def log_of(path: Path) -> Log:
    log = Log(path.with_suffix(".log"))
    list(log.news())
    return log


def test_every_task_is_measured_and_told_in_turn(played: Played, path: Path) -> None:
    made = pack(path)
    work(str(path))
    assert played.asked == {"jobs": 2, "time_limit_s": 10.0}
    assert played.begun == [1, 2, 3]
    log = Log(path.with_suffix(".log"))
    told_results = list(log.news())
    assert [d.task for d in told_results] == [0, 1, 2]
    assert [d.identity for d in told_results] == [one.identity for one in tasks_of(made)]
    assert (log.has_started, log.has_ended) == (True, True)
    assert played.slept == []


def test_a_job_works_in_the_folder_that_paths_start_from(played: Played, path: Path) -> None:
    pack(path, folder=str(path.parent))
    work("packs/1.json")
    assert played.folders == [path.parent]


def test_no_task_begins_that_could_exceed_the_jobs_time(played: Played, path: Path) -> None:
    pack(path, job_time_s=10.0 + MARGIN_S + 1)  # the second begins just in time
    work(str(path))
    assert played.begun == [1, 2]
    assert log_of(path).has_ended


def test_a_stop_file_and_a_pack_that_is_withdrawn_end_a_job(played: Played, path: Path) -> None:
    pack(path)
    played.meanwhile = path.with_name(STOP).touch
    work(str(path))
    assert played.begun == [1]
    path.with_name(STOP).unlink()
    played.meanwhile = path.unlink
    work(str(path))
    assert played.begun == [1, 2]


def test_a_pack_that_is_not_there_is_nothing_to_do(played: Played, path: Path) -> None:
    work(str(path))
    assert list(path.parent.iterdir()) == []


def test_a_pack_of_another_job_is_left_to_it(played: Played, path: Path) -> None:
    pack(path)
    with open_log(path.with_suffix(".log")) as other:
        assert other is not None
        work(str(path))
    assert played.begun == []
    assert not log_of(path).has_started


def test_a_job_that_starts_again_goes_on_with_what_is_left(played: Played, path: Path) -> None:
    made = pack(path, 0, 1, 0)
    with open_log(path.with_suffix(".log")) as before:
        assert before is not None
        before.write(Line(started=True))
        before.write(Line(begun=0))
        before.write(Line(done=done(0, tasks_of(made)[0])))
        before.write(Line(begun=1))  # the second loss, where one is tried again
        before.write(Line(begun=2))  # the first loss
    work(str(path))
    assert played.begun == [3]
    assert log_of(path).done == {0, 2}


def test_after_a_task_that_was_killed_a_job_waits_whether_it_is_next(
    played: Played, path: Path
) -> None:
    pack(path)
    played.statuses = {1: "killed", 2: "killed", 3: "failed"}
    work(str(path))
    assert played.slept == [DYING_S, DYING_S]
    log = Log(path.with_suffix(".log"))
    assert [d.measurement.status for d in log.news()] == ["killed", "killed", "failed"]
