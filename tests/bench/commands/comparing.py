"""Runs of `blvbench compare` for tests, and the costs by the instruments themselves."""

import json
from functools import cache
from typing import Any

import pytest

from bench.commands import main
from bench.records.point import Point
from bench.runs.tasks import make_task

LABELS = {
    "macs": "macs:flop_counter",
    "params": "params:shapes",
    "memory": "memory:simulated",
}
MAX_FRAMES = 6
SMALL = ("--input-size", "32", "--max-frames", str(MAX_FRAMES))
OWN = """
from torch import nn

class Net(nn.Module):
    def __init__(self, num_classes, frames):
        super().__init__()
        assert frames % 3 == 0, "thirds only"
        self.conv = nn.Conv3d(3, 64, 3, padding=1)
        self.head = nn.Linear(64, num_classes)

    def forward(self, clip):
        return self.head(self.conv(clip).mean((2, 3, 4)))

def never(num_classes):
    raise ValueError("not today")
"""


@cache
def measure_cost(label: str, point: Point) -> float:
    """The cost by the instrument itself; infinity if there is no figure."""
    result = make_task(point, label).measure()
    return result.value if result.status == "ok" else float("inf")


def compare(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["compare", *arguments, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def by_network(content: dict[str, Any]) -> dict[tuple[str, int | None], dict[str, Any]]:
    return {(one["network"], one["depth"]): one for one in content["choices"]}
