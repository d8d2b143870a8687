from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.errors import BenchError, UnsupportedError
from bench.runs.cluster import slurm as module
from bench.runs.cluster.slurm import MAX_ARRAY_JOBS, QUEUE_S, Slurm
from tests.bench.runs.cluster.submitit import FOLDER, PACKS, Submitit


def slurm(**parameters: str) -> Slurm:
    return Slurm(FOLDER, 3, 61.0, 4, parameters)


def test_slurm_is_asked_for_arrays_of_as_many_jobs_as_it_takes(submitit: Submitit) -> None:
    packs = [Path(f"{n}.json") for n in range(MAX_ARRAY_JOBS + 1)]
    jobs = slurm(partition="a").submit(packs, gpu=False)
    assert jobs == [str(n) for n in range(MAX_ARRAY_JOBS + 1)]
    assert [len(part) for part in submitit.submitted] == [MAX_ARRAY_JOBS, 1]
    assert submitit.parameters == [
        {
            "job_name": "blvbench",
            "time": 2,  # minutes, of 61 seconds
            "cpus_per_task": 4,
            "array_parallelism": 3,
            "additional_parameters": {"partition": "a"},
        }
    ]


@pytest.mark.parametrize(
    ("gpu", "parameters", "is_asked_for"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"gres": "gpu:h100:1"}, False),
        (True, {"gpus_per_task": "1"}, False),
        (True, {"partition": "gpu"}, True),
    ],
)
def test_a_gpu_is_asked_for_unless_the_user_does(
    submitit: Submitit, gpu: bool, parameters: dict[str, str], is_asked_for: bool
) -> None:
    slurm(**parameters).submit(PACKS, gpu=gpu)
    assert submitit.parameters[0].get("gpus_per_node") == (1 if is_asked_for else None)


def test_what_sbatch_refuses_is_said_in_a_line(submitit: Submitit) -> None:
    submitit.error = RuntimeError("sbatch: error:\n  invalid partition")
    with pytest.raises(BenchError) as caught:
        slurm().submit(PACKS, gpu=False)
    assert str(caught.value) == "sbatch: sbatch: error: invalid partition: correct --slurm"
    submitit.error = TimeoutError()
    with pytest.raises(BenchError, match=r"^sbatch: TimeoutError: correct --slurm$"):
        slurm().submit(PACKS, gpu=False)


def test_a_place_is_what_decides_the_machines(submitit: Submitit) -> None:
    asked = {"qos": "high", "partition": "b", "account": "me", "constraint": "h100"}
    assert slurm(**asked).pool == "slurm constraint=h100 cpus_per_task=4 partition=b"
    assert slurm(cpus_per_task="9").pool == "slurm cpus_per_task=9"


@pytest.mark.parametrize("command", ["sbatch", "srun"])
def test_without_slurm_it_is_said(
    submitit: Submitit, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None if name == command else name)
    with pytest.raises(UnsupportedError, match="sbatch and srun are not found"):
        slurm()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still, and a queue that answers what is set."""
    made = SimpleNamespace(now=50.0, queue={"1"}, asked=0)

    def queue() -> set[str] | None:
        made.asked += 1
        answer: set[str] | None = made.queue
        return answer

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: made.now))
    monkeypatch.setattr(module, "_queue", queue)
    return made


def test_the_queue_is_asked_now_and_then(submitit: Submitit, clock: SimpleNamespace) -> None:
    cluster = slurm()
    assert cluster.alive(["0", "1"], {}) == {"1"}
    clock.queue, clock.now = {"0"}, clock.now + QUEUE_S - 0.1
    assert cluster.alive(["0", "1"], {}) == {"1"}
    clock.now += 0.1
    assert cluster.alive(["0", "1"], {}) == {"0"}
    assert clock.asked == 2


def test_what_was_just_submitted_is_alive(submitit: Submitit, clock: SimpleNamespace) -> None:
    cluster = slurm()
    cluster.alive([], {})
    jobs = cluster.submit(PACKS, gpu=False)
    assert cluster.alive(jobs, {}) == set(jobs)


def test_a_queue_that_does_not_answer_leaves_all_alive(
    submitit: Submitit, clock: SimpleNamespace
) -> None:
    clock.queue = None
    assert slurm().alive(["0", "7"], {}) == {"0", "7"}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run; each prints two lines."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> SimpleNamespace:
        commands.append(command)
        return SimpleNamespace(stdout="7_0\n7_1\n")

    monkeypatch.setattr("subprocess.run", run)
    return commands


def test_the_queue_lists_this_users_jobs_one_by_one(
    called: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "me")
    assert module._queue() == {"7_0", "7_1"}
    assert called == [["squeue", "--noheader", "--array", "--format=%i", "--user=me"]]


def test_jobs_are_cancelled_together_and_none_without_a_call(
    submitit: Submitit, called: list[list[str]]
) -> None:
    slurm().cancel([])
    assert called == []
    slurm().cancel(["7_0", "7_1"])
    assert called == [["scancel", "--quiet", "--", "7_0", "7_1"]]


def test_a_command_that_fails_prints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("subprocess.run", fail)
    assert module._queue() is None
    assert module._call(["scancel"]) is None
