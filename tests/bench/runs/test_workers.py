import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.machine import environment
from bench.machine.accelerator import Accelerator
from bench.records.measurement import Measurement
from bench.runs.tasks import Task, make_task
from bench.runs.workers import measure_tasks
from tests.records import point

# A network that fares as its width says, over a clip that is more than a shape.
FAULTY = """
import os, signal, time
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, num_classes, width):
        super().__init__()
        self.width, self.head = width, nn.Linear(3, num_classes)

    def forward(self, clip):
        if not clip.is_meta:
            if self.width == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            if self.width == 3:
                os._exit(7)
            if self.width == 4:
                time.sleep(10**6)
            if self.width == 5:
                torch.empty(10**15)
            if self.width == 6:
                raise RuntimeError("CUDA error: uncorrectable ECC error encountered\\nAdvice.")
        return self.head(clip.mean((2, 3, 4)))
"""
FINE, KILLED, EXITING, HANGING, GREEDY, LOST = range(1, 7)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "faulty.py"
    path.write_text(FAULTY)
    return path


def faulty(file: Path, width: int, quantity: str = "macs:fvcore") -> Task:
    where = point(network=f"{file}:Net", depth=None, input_size=8, options={"width": width})
    return make_task(where, quantity)


def by_width(results: Sequence[tuple[str, Measurement]]) -> dict[int, Measurement]:
    return {int(dict(m.point.options)["width"]): m for _, m in results}


@pytest.mark.parametrize(("quantity", "fresh"), [("macs:fvcore", False), ("memory:cpu", True)])
def test_every_fault_has_its_status_and_the_others_are_measured(
    file: Path, quantity: str, fresh: bool
) -> None:
    tasks = [faulty(file, width, quantity) for width in (KILLED, EXITING, GREEDY, LOST, FINE)]
    results = list(measure_tasks(tasks, jobs=1, fresh=fresh))
    assert {identity for identity, _ in results} == {t.identity for t in tasks}
    fared = by_width(results)
    assert {width: m.status for width, m in fared.items()} == {
        KILLED: "killed",
        EXITING: "killed",
        GREEDY: "oom",
        LOST: "lost",
        FINE: "ok",
    }
    assert "SIGKILL, which the system sends when memory runs out" in fared[KILLED].reason
    assert "exit code 7" in fared[EXITING].reason
    assert "4000000000000000 bytes" in fared[GREEDY].reason
    assert fared[LOST].reason == "CUDA error: uncorrectable ECC error encountered"


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_takes_longer_than_the_limit_is_given_up(file: Path, jobs: int) -> None:
    tasks = [faulty(file, HANGING, quantity) for quantity in ("macs:fvcore", "memory:cpu")]
    results = list(measure_tasks(tasks, jobs=jobs, time_limit_s=0.5))
    assert {identity for identity, _ in results} == {t.identity for t in tasks}
    assert [m.status for _, m in results] == ["timeout"] * 2
    assert all("longer than 0.5 s" in m.reason for _, m in results)


def test_a_worker_that_dies_between_two_tasks_costs_nothing(file: Path) -> None:
    tasks = [faulty(file, FINE), make_task(point(depth=18), "params"), make_task(point(), "params")]
    results = []
    for result in measure_tasks(tasks, jobs=1):
        results.append(result)
        time.sleep(0.1)
    assert [m.status for _, m in results] == ["ok"] * 3


def test_a_gpu_that_vanished_meanwhile_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has seen a GPU; the one that measures finds none."""
    seen = Accelerator(name="Card", memory_bytes=2**34)
    monkeypatch.setattr(environment, "current_accelerator", lambda: seen)
    environment.current_environment.cache_clear()
    try:
        planned = make_task(point(depth=18, frames=1, input_size=32), "latency:cuda")
        ((identity, found),) = measure_tasks([planned], jobs=1, fresh=True)
    finally:
        environment.current_environment.cache_clear()
    assert (identity, found.status) == (planned.identity, "lost")
    assert found.environment.accelerator == "Card"


def test_no_task_begins_after_a_no() -> None:
    tasks = [make_task(point(frames=n), "params") for n in (1, 2, 3, 4)]
    tasks = [*tasks, *(make_task(point(frames=n), "macs") for n in (1, 2, 3))]
    asked: list[Task] = []

    def begin(one: Task) -> bool:
        asked.append(one)
        return len(asked) < 4

    results = list(measure_tasks(tasks, jobs=2, begin=begin))
    assert asked == tasks[:4]
    assert {identity for identity, _ in results} == {t.identity for t in tasks[:3]}


def test_fresh_tasks_have_a_process_each(tmp_path: Path) -> None:
    log = tmp_path / "log"
    file = tmp_path / "net.py"
    file.write_text(
        "import os\nfrom torch import nn\n"
        "def net(num_classes):\n"
        f"    with open({str(log)!r}, 'a') as log: print(os.getpid(), file=log)\n"
        "    pool = nn.AdaptiveAvgPool3d(1)\n"
        "    return nn.Sequential(pool, nn.Flatten(), nn.Linear(3, num_classes))\n"
    )
    where = point(network=f"{file}:net", depth=None, input_size=8)
    tasks = [make_task(where.model_copy(update={"batch": n}), "memory:cpu") for n in (1, 2, 3)]
    log.unlink()
    assert len(list(measure_tasks(tasks, jobs=1, fresh=True))) == 3
    processes = set(log.read_text().split())
    assert len(processes) == 3
    assert str(os.getpid()) not in processes


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize(("finish", "statuses"), [(True, ["ok"]), (False, [])])
def test_an_interrupt_lets_what_is_in_flight_end_where_it_is_kept(
    file: Path, finish: bool, statuses: list[str]
) -> None:
    slow, begun, go = (file.with_name(name) for name in ("slow.py", "begun", "go"))
    held = f"""open({str(begun)!r}, "w")
                while not os.path.exists({str(go)!r}): time.sleep(0.02)"""
    slow.write_text(FAULTY.replace("time.sleep(10**6)", held))
    tasks = [faulty(slow, HANGING), *(make_task(point(frames=n), "params") for n in (1, 2, 3))]

    def interrupt() -> None:
        while not begun.exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)  # until it is answered
        go.touch()

    interrupter = threading.Thread(target=interrupt)
    results: list[tuple[str, Measurement]] = []
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        results.extend(measure_tasks(tasks, jobs=1, finish=finish))  # which keeps what came before
    interrupter.join()
    assert [m.status for _, m in results] == statuses


def test_a_file_that_broke_meanwhile_is_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "faulty.py"
    file.write_text(FAULTY)
    tasks = [faulty(file, FINE), make_task(point(), "params")]
    assert all(t.identity for t in tasks)
    file.write_text("raise RuntimeError('broken')")
    (_, failed), (_, other) = measure_tasks(tasks, jobs=1)
    assert (failed.status, other.status) == ("failed", "ok")
    assert "broken" in failed.reason
