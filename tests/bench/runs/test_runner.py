from pathlib import Path

import pytest

from bench.instruments.reading import Reading
from bench.machine import busy
from bench.records.measurement import Measurement
from bench.records.record import Scalar
from bench.records.store import Store
from bench.runs import runner
from bench.runs.tasks import Task, make_suite_tasks, make_task
from suites import load_suite
from tests.records import point

SUITE = """
title = "Small"
description = "Fast points."
[[sweep]]
networks = ["tsn", "blvnet_tam"]
depths = [50]
frames = [2, 4]
batches = [1, 2]
modes = ["train", "infer"]
input_size = 64
quantities = ["params", "macs", "memory"]
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SUITE)
    return path


@pytest.fixture
def tasks(suite: Path) -> list[Task]:
    return make_suite_tasks(load_suite(str(suite)), "small")


def test_a_run_measures_what_is_missing_and_nothing_else(tmp_path: Path, tasks: list[Task]) -> None:
    seen: list[Measurement] = []
    with Store(tmp_path / "s", create=True) as store:
        assert runner.run(tasks[:5], store, jobs=2, on_result=seen.append) == seen
        assert [m.status for m in seen] == ["ok"] * 5
        assert runner.missing_tasks(tasks, store) == tasks[5:]
        assert {m.point for m in store.measurements()} == {t.point for t in tasks[:5]}


def test_figures_of_the_machine_come_last_and_alone(tmp_path: Path, tasks: list[Task]) -> None:
    seen: list[str] = []
    where = point(depth=18, frames=1, input_size=32)
    timed = [make_task(where.model_copy(update={"batch": n}), "latency") for n in (1, 2)]
    with Store(tmp_path / "s", create=True) as store:
        jobs = [*timed, *tasks[:3]]
        runner.run(jobs, store, jobs=4, on_result=lambda m: seen.append(m.quantity))
        assert seen[-2:] == ["latency", "latency"]
        assert "latency" not in seen[:-2]
        assert runner.missing_tasks(jobs, store) == []


FAILS_IN_TRAINING = """
from torch import nn
class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.head = nn.Linear(3, num_classes)
    def forward(self, clip):
        if self.training:
            raise RuntimeError("it is broken")
        return self.head(clip.mean((2, 3, 4)))
"""


def test_a_refused_clip_is_stored_and_not_tried_again(tmp_path: Path, tasks: list[Task]) -> None:
    small = {"frames": 1, "input_size": 32, "mode": "train"}  # one value a channel to normalise
    refused = make_task(tasks[0].point.model_copy(update=small), "memory")
    with Store(tmp_path / "s", create=True) as store:
        (found,) = runner.run([refused], store, jobs=1, on_result=lambda _: None)
        assert found.status == "unsupported"
        assert "more than 1 value per channel" in found.reason
        assert runner.missing_tasks([refused], store) == []


def test_a_failure_is_stored_and_does_not_stop_the_run(tmp_path: Path, tasks: list[Task]) -> None:
    (tmp_path / "net.py").write_text(FAILS_IN_TRAINING)
    own = {"network": f"{tmp_path / 'net.py'}:Net", "depth": None, "mode": "train"}
    bad = tasks[0].point.model_copy(update=own)
    with Store(tmp_path / "s", create=True) as store:
        broken = make_task(bad, "memory")
        failed, _ = runner.run([broken, tasks[1]], store, jobs=1, on_result=lambda _: None)
        assert "it is broken" in failed.reason
        assert {m.status for m in store.measurements()} == {"ok", "failed"}
        assert runner.missing_tasks([broken, tasks[1]], store) == [broken]


def test_a_file_edited_meanwhile_is_stored_as_what_it_became(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    source = (
        "from torch import nn\n"
        "def Net(num_classes):\n"
        "    pool = nn.AdaptiveAvgPool3d(1)\n"
        "    return nn.Sequential(pool, nn.Flatten(), nn.Linear(3, num_classes))\n"
    )
    file.write_text(source)
    where = point(network=f"{file}:Net", depth=None, input_size=16, num_classes=5)
    planned = make_task(where, "params")
    assert planned.identity
    file.write_text(source.replace("nn.Flatten()", "nn.Flatten(), nn.Linear(3, 3)"))
    with Store(tmp_path / "s", create=True) as store:
        runner.run([planned], store, jobs=1, on_result=lambda _: None)
        assert store.identities() == {make_task(where, "params").identity} != {planned.identity}
        (measurement,) = store.measurements()
        assert measurement.value == 3 * 3 + 3 + 3 * 5 + 5


def test_a_figure_of_fewer_threads_than_are_free_now_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [make_task(point(frames=n), "latency:cpu") for n in (1, 2, 4)]
    on_cluster = make_task(point(frames=8), "latency:cpu", "pool")
    on_one = make_task(point(), "cpu_time")
    monkeypatch.setattr(runner, "usable_cores", lambda: 4)
    with Store(tmp_path / "s", create=True) as store:
        for task, threads in ((tasks[0], 4), (tasks[1], 2), (on_cluster, 1), (on_one, 1)):
            settings: dict[str, Scalar] = {"threads": threads}
            store.put(task.identity, task.record(Reading((1.0,), settings=settings)))
        stored = [*tasks[:2], on_cluster, on_one]
        for free, again in ((4, [tasks[1]]), (2, []), (1, [])):
            monkeypatch.setattr(busy, "free_threads", lambda _, free=free: free)
            assert runner.missing_tasks(stored, store) == again
        assert runner.missing_tasks([*tasks, on_one], store) == [tasks[2]]


def test_where_all_figures_have_every_core_nobody_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = make_task(point(), "latency:cpu")
    monkeypatch.setattr(runner, "usable_cores", lambda: 2)
    monkeypatch.setattr(busy, "look", pytest.fail)
    with Store(tmp_path / "s", create=True) as store:
        assert runner.missing_tasks([task], store) == [task]
        store.put(task.identity, task.record(Reading((1.0,), settings={"threads": 2})))
        assert runner.missing_tasks([task], store) == []
