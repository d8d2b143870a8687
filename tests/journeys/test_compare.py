"""What `blvbench compare` finds by searching is what measuring every point finds."""

from collections.abc import Iterable
from typing import Any

import pytest

from bench.records.point import Point
from bench.runs.tasks import make_task
from models import NetworkError
from tests.bench.commands.comparing import (
    LABELS,
    MAX_FRAMES,
    SMALL,
    by_network,
    compare,
    measure_cost,
)
from tests.records import point


def brute_force(points: Iterable[Point], limits: dict[str, float]) -> Point | None:
    """Measure all of `points`, one by one; returns the last one that fits."""
    fits = [
        p for p in points if all(measure_cost(label, p) <= most for label, most in limits.items())
    ]
    return fits[-1] if fits else None


def over_frames(network: str, depth: int | None, **fields: Any) -> Iterable[Point]:
    small = {"input_size": 32, "depth": depth, "network": network} | fields
    for frames in range(1, MAX_FRAMES + 1):
        try:
            yield make_task(point(frames=frames, **small), "params").point.model_copy(update=fields)
        except NetworkError:
            continue


Network = tuple[str, int | None]
TSN, TSM, BLVNET_TAM, I3D = ("tsn", 18), ("tsm", 18), ("blvnet_tam", 50), ("i3d", None)
# Budgets and settings as flags, and the networks whose whole grid is measured.
CASES: dict[str, tuple[dict[str, str], dict[str, str], tuple[Network, ...]]] = {
    "macs": ({"macs": "0.25 GMACs"}, {}, (BLVNET_TAM, I3D)),
    "memory to infer": ({"memory": "110MB"}, {"batch": "3"}, (BLVNET_TAM,)),
    "memory to train": ({"memory": "250MB"}, {"batch": "4", "mode": "train"}, (TSN, TSM)),
    "params": ({"params": "12M"}, {}, (TSN, BLVNET_TAM)),
    "several at once": (
        {"macs": "200M", "memory": "60 MiB", "params": "30 M"},
        {"batch": "20"},
        (TSN,),
    ),
    "other classes": ({"params": "11_200_000", "macs": "2e8"}, {"num-classes": "5"}, (TSN,)),
    "nothing fits": ({"macs": "1k"}, {}, (TSN, BLVNET_TAM)),
}
LIMITS = {"0.25 GMACs": 0.25e9, "110MB": 110e6, "250MB": 250e6, "12M": 12e6, "200M": 200e6}
LIMITS |= {"60 MiB": 60 * 2**20, "30 M": 30e6, "11_200_000": 11_200_000, "2e8": 2e8, "1k": 1e3}


@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_that_of_brute_force_over_the_grid(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    budgets, setting, networks = CASES[case]
    flags = [part for name, text in (budgets | setting).items() for part in (f"--{name}", text)]
    names = ",".join(name for name, _ in networks)
    line = (*flags, "--networks", names, "--depths", "18,50", *SMALL)
    content = compare(capsys, *line)
    found = by_network(content)
    for network, depth in networks:
        fields = {
            "batch": int(setting.get("batch", 1)),
            "mode": setting.get("mode", "infer"),
            "num_classes": int(setting.get("num-classes", 174)),
        }
        limits = {LABELS[name]: LIMITS[text] for name, text in budgets.items()}
        best = brute_force(over_frames(network, depth, **fields), limits)
        choice = found[network, depth]
        assert choice["status"] == ("fits" if best else "does_not_fit"), choice
        if best:
            assert choice["frames"] == best.frames
            for label in limits:
                assert choice["costs"][label]["value"] == measure_cost(label, best)
    assert all(one["limited_by"] for one in content["choices"])


def test_the_largest_batch_is_that_of_brute_force(capsys: pytest.CaptureFixture[str]) -> None:
    size = {"frames": 4, "input_size": 64}
    line = ("--memory", "60MB", "--batch", "max", "--frames", "4", "--input-size", "64")
    networks = ("--networks", "tsn,tsm", "--depths", "18")
    found = by_network(compare(capsys, *line, *networks))
    for network in ("tsn", "tsm"):
        batches = (point(network=network, depth=18, batch=n, **size) for n in range(1, 10))
        best = brute_force(batches, {LABELS["memory"]: 60e6})
        assert best is not None
        assert 1 < found[network, 18]["batch"] == best.batch < 9
        assert found[network, 18]["frames"] == 4
        assert found[network, 18]["limited_by"].startswith("--frames 4; memory: ")
