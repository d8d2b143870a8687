"""Trials on the CPU, where the growth of a process's memory counts as reserved."""

from pathlib import Path

import pytest

from bench.choice import gpu_trial
from bench.choice.candidates import batch_candidates, frame_candidates
from bench.errors import BenchError
from bench.records.measurement import Measurement
from bench.runs.tasks import Task
from tests.bench.choice.known import cost
from tests.records import point

MIB = 2**20
SMALL = point(depth=18, frames=2, input_size=112)


def test_a_step_runs_in_a_process_of_its_own() -> None:
    assert gpu_trial.runs(SMALL, "cpu", 4096 * MIB, 60)
    assert not gpu_trial.runs(SMALL, "cpu", MIB, 60)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A card that holds 100 MiB of clips of 10 MiB; its list gets the batches that were tried."""
    tried: list[int] = []

    def measure(task: Task) -> Measurement:
        size = 10 * MIB * task.point.batch * task.point.frames // 8
        tried.append(task.point.batch)
        if size > 100 * MIB:
            return cost("memory:cuda", task.point, status="oom", samples=(), reason="full")
        return cost("memory:cuda", task.point, size, details={"allocator": {"reserved": size}})

    monkeypatch.setattr(gpu_trial, "measure_tasks", lambda tasks, **_: [("", measure(*tasks))])
    return tried


@pytest.mark.parametrize(("start", "trials"), [(10, [10, 11]), (11, [11, 10]), (9, [9, 10, 11])])
def test_the_search_starts_at_the_simulated_answer(
    card: list[int], start: int, trials: list[int]
) -> None:
    found = gpu_trial.find_largest(batch_candidates(point()), start, "cuda", 100 * MIB, 60)
    assert found == 10
    assert card == trials


@pytest.mark.usefixtures("card")
def test_frames_are_found_as_batches_are() -> None:
    candidates = frame_candidates(point(network="blvnet_tam", batch=2), 64, None)
    assert gpu_trial.find_largest(candidates, 20, "cuda", 100 * MIB, 60) == 40
    assert gpu_trial.find_largest(candidates, 20, "cuda", MIB, 60) == 0


def test_a_trial_that_fails_for_another_reason_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, num_classes):\n"
        "        super().__init__()\n"
        "        self.head = nn.Linear(3, num_classes)\n"
        "    def forward(self, clip):\n"
        "        assert clip.is_meta, 'no real clips'\n"
        "        return self.head(clip.mean((2, 3, 4)))\n"
    )
    base = point(network=f"{file}:Net", depth=None, input_size=8, batch=3)
    with pytest.raises(BenchError, match=r"batch 3.* is failed: AssertionError: no real clips"):
        gpu_trial.runs(base, "cpu", 1024 * MIB, 60)
