from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.commands import main
from bench.records.measurement import Measurement
from bench.records.store import Store
from bench.runs import runner
from bench.runs.tasks import Task
from tests.bench.choice.known import cost
from tests.bench.commands.lines import refusal

SUITE = """
title = "Small"
description = "Counts."
[[sweep]]
networks = ["tsn"]
depths = [18]
frames = [1, 2, 3]
input_size = 32
quantities = ["macs"]
"""


class Runner:
    """A runner that measures nothing: each cost is its frames, or has the status that is set."""

    def __init__(self) -> None:
        self.frames: list[int] = []  # of each task
        self.statuses: dict[int, str] = {}  # by frames
        self.terms: dict[str, Any] = {}
        self.stops_before = 0

    def run(
        self,
        tasks: Sequence[Task],
        store: Store,
        *,
        on_result: Callable[[Measurement], object],
        **terms: Any,
    ) -> list[Measurement]:
        self.terms, results = terms, []
        for task in tasks:
            frames = task.point.frames
            if frames == self.stops_before:
                raise KeyboardInterrupt
            self.frames.append(frames)
            result = cost(task.instrument.label, task.point, frames)
            if status := self.statuses.get(frames):
                failure = {"status": status, "samples": (), "reason": "a reason"}
                result = result.model_copy(update=failure)
            store.put(task.identity, result)
            on_result(result)
            results.append(result)
        return results


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Runner:
    fake = Runner()
    monkeypatch.setattr(runner, "run", fake.run)
    monkeypatch.setattr("bench.commands.run.start_fork_server", lambda: None)
    return fake


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    Path("s.toml").write_text(SUITE)
    return ["run", "s.toml", "--store", "s.sqlite"]


def printed(capsys: pytest.CaptureFixture[str], line: list[str], code: int) -> list[str]:
    assert main(line) == code
    return capsys.readouterr().out.splitlines()


def test_figures_in_the_store_are_not_measured_again(
    capsys: pytest.CaptureFixture[str], fake: Runner, line: list[str]
) -> None:
    assert printed(capsys, line, 0) == ["s.sqlite: 3 measured, 0 found in the store, 0 failed"]
    Path("s.toml").write_text(SUITE.replace("[1, 2, 3]", "[3, 4, 1]"))
    assert printed(capsys, line, 0) == ["s.sqlite: 1 measured, 2 found in the store, 0 failed"]
    assert fake.frames == [1, 2, 3, 4]
    with Store(Path("s.sqlite")) as store:  # the last request is the newest
        assert [m.point.frames for m in store.measurements()] == [2, 3, 1, 4]


def test_failures_are_grouped_by_reason_and_measured_again(
    capsys: pytest.CaptureFixture[str], fake: Runner, line: list[str]
) -> None:
    fake.statuses = {2: "failed", 3: "failed"}
    assert printed(capsys, line, 1) == [
        "s.sqlite: 1 measured, 0 found in the store, 2 failed",
        "  macs:flop_counter of tsn depth 18, 2 frames, batch 1, infer, 32 px and 1 more: "
        "failed: a reason",
    ]
    fake.statuses = {}
    assert printed(capsys, line, 0) == ["s.sqlite: 2 measured, 1 found in the store, 0 failed"]


@pytest.mark.parametrize(
    ("status", "code"),
    [("oom", 0), ("unsupported", 0), ("timeout", 1), ("killed", 1), ("lost", 1)],
)
def test_final_results_exit_0_and_temporary_failures_1(
    status: str, code: int, capsys: pytest.CaptureFixture[str], fake: Runner, line: list[str]
) -> None:
    fake.statuses = {1: status}
    summary, reason = printed(capsys, line, code)
    assert summary == f"s.sqlite: 2 measured, 0 found in the store, 0 failed, 1 {status}"
    assert reason.endswith(f"1 frame, batch 1, infer, 32 px: {status}: a reason")


def test_an_interrupt_keeps_the_results_so_far(
    capsys: pytest.CaptureFixture[str], fake: Runner, line: list[str]
) -> None:
    fake.stops_before = 3
    assert main(line) == 130
    printed_text = capsys.readouterr()
    assert printed_text.out == ""
    assert printed_text.err.endswith(
        "blvbench: interrupted: the results so far are in the store: "
        "run the same command again to continue\n"
    )
    fake.stops_before = 0
    assert printed(capsys, line, 0) == ["s.sqlite: 1 measured, 2 found in the store, 0 failed"]


def test_the_time_limit_and_the_jobs_are_passed_on(fake: Runner, line: list[str]) -> None:
    assert main([*line, "--time-limit", "5", "--jobs", "3"]) == 0
    assert fake.terms == {"jobs": 3, "time_limit_s": 5.0}


def test_a_network_in_a_file_is_measured_in_every_sweep(
    capsys: pytest.CaptureFixture[str], fake: Runner, line: list[str]
) -> None:
    Path("net.py").write_text(
        "from torch import nn\n"
        "def Net(num_classes):\n"
        "    return nn.Sequential(\n"
        "        nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(3, num_classes)\n"
        "    )\n"
    )
    assert printed(capsys, [*line, "--model", "net.py:Net"], 0) == [
        "s.sqlite: 6 measured, 0 found in the store, 0 failed"
    ]
    assert sorted(fake.frames) == [1, 1, 2, 2, 3, 3]


def test_a_wrong_suite_makes_no_store(
    capsys: pytest.CaptureFixture[str], fake: Runner, line: list[str]
) -> None:
    Path("s.toml").write_text(SUITE.replace('"tsn"', '"tsnn"'))
    assert "s.toml: sweep.1: there is no network 'tsnn'" in refusal(capsys, *line)
    assert not Path("s.sqlite").exists()
    assert fake.frames == []
