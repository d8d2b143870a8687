"""`blvbench compare` as its tests ask it, and what the instruments say themselves."""

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


@cache
def costs_of(label: str, where: Point) -> float:
    """By the instrument itself; infinity where there is no figure."""
    measured = make_task(where, label).measure()
    return measured.value if measured.status == "ok" else float("inf")


def compared(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["compare", *arguments, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def by_network(content: dict[str, Any]) -> dict[tuple[str, int | None], dict[str, Any]]:
    return {(one["network"], one["depth"]): one for one in content["choices"]}
