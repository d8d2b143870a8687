"""How often the gate raises a false alarm, and how often it misses a slowdown.

`nox -s bench -- tests/perf/test_gate.py` gates a bLVNet-TAM over small clips a hundred times as it
is, while other processes compute on every core, and a hundred times slowed down by 15 %, each time
against one baseline of a free machine.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.commands import main
from bench.machine.environment import shared_cores
from bench.records.store import Store
from bench.runs.tasks import make_task
from bench.runs.workers import measure_tasks
from tests.records import point

GATES = 100
CAUGHT = 95  # of so many, at least
SLOWDOWN = 0.15
NETWORK = """
import time
import models
from torch import nn

SLOWDOWN = {slowdown}


class Slowed(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, clip):
        start = time.process_time()
        logits = self.network(clip)
        end = start + (1 + SLOWDOWN) * (time.process_time() - start)
        while time.process_time() < end:
            pass
        return logits


def build(num_classes, frames):
    return Slowed(
        models.create_model(
            "blvnet_tam", num_classes=num_classes, frames=frames, depth=50
        )
    )
"""


class Gates:
    """A network in a file, with a baseline of it, and gates of what the file holds later."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "network.py"
        self.point = point(
            network=f"{self.file}:build", depth=None, frames=4, input_size=64, num_classes=16
        )
        self.write(0.0)
        self.measure(folder / "base.sqlite")
        assert self.gate("base.sqlite", "--update", "base.json") == 0

    def write(self, slowdown: float) -> None:
        self.file.write_text(NETWORK.format(slowdown=slowdown))

    def measure(self, store_path: Path) -> None:
        with Store(store_path, create=True) as store:
            for identity, measurement in measure_tasks([make_task(self.point, "cpu_time")], jobs=1):
                assert measurement.status == "ok", measurement.reason
                store.put(identity, measurement)

    def gate(self, store: str, *arguments: str) -> int:
        return main(
            [
                "gate",
                "--store",
                str(self.folder / store),
                arguments[0],
                str(self.folder / arguments[1]),
                *arguments[2:],
            ]
        )

    def outcome(self, number: int, capsys: pytest.CaptureFixture[str]) -> str:
        """What the gate says of a new measurement; its exit code has to agree."""
        self.measure(self.folder / f"{number}.sqlite")
        capsys.readouterr()
        code = self.gate(f"{number}.sqlite", "--baseline", "base.json", "--json")
        (verdict,) = json.loads(capsys.readouterr().out)
        assert code == (verdict["outcome"] == "regressed")
        return f"{verdict['outcome']}"


@contextmanager
def loaded(processes: int) -> Iterator[None]:
    """Within: other processes compute without end."""
    command = [sys.executable, "-c", "while True: sum(range(10_000))"]
    others = [subprocess.Popen(command) for _ in range(processes)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


@pytest.mark.parametrize(
    ("slowdown", "load"),
    [(0.0, shared_cores()), (SLOWDOWN, 0)],
    ids=["unchanged beside a load", "slowed down"],
)
def test_how_often_the_gate_fails(
    benchmark: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path, slowdown: float, load: int
) -> None:
    is_timed = not benchmark.disabled  # else one gate on a free machine shows that all runs
    gates = Gates(tmp_path)
    gates.write(slowdown)
    counts: Counter[str] = Counter()

    def run_all() -> None:
        for number in range(GATES if is_timed else 1):
            counts[gates.outcome(number, capsys)] += 1

    with loaded(load if is_timed else 0):
        benchmark.pedantic(run_all, rounds=1)
    benchmark.extra_info.update(counts)
    if is_timed:
        with capsys.disabled():
            print(
                f"\n{slowdown:.0%} slower, {load} processes beside, {GATES} gates: {dict(counts)}"
            )
        assert counts["regressed"] >= CAUGHT if slowdown else not counts["regressed"]
