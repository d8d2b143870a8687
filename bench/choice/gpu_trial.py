"""Trials on a GPU: whether a step runs there, and how much of it does."""

from collections.abc import Mapping
from math import inf

from bench.choice.budget import Candidates
from bench.choice.search import run_searches, search_largest
from bench.errors import BenchError
from bench.records.measurement import Measurement
from bench.records.point import Device, Point
from bench.runs.tasks import make_task
from bench.runs.workers import measure_tasks


def runs(point: Point, device: Device, memory_bytes: int, time_limit_s: float) -> bool:
    """Whether a step of `point` runs on `device` while PyTorch reserves at most `memory_bytes`.

    It runs in a fresh process. Raises `BenchError` if it fails for another reason than memory.
    """
    return _share(_measure(point, device, time_limit_s), memory_bytes) <= 1


def find_largest(
    candidates: Candidates, start: int, device: Device, memory_bytes: int, time_limit_s: float
) -> int:
    """The largest of `candidates` that `runs`; 0 if none does. The search starts at value `start`.

    Raises `BenchError` as `runs` does.
    """
    values = candidates.values

    def cost(positions: Mapping[str, int]) -> dict[str, float]:
        point = candidates.at(values[positions[""] - 1])
        return {"": _share(_measure(point, device, time_limit_s), memory_bytes)}

    search = search_largest(len(values), start=values.index(start) + 1)
    position = run_searches({"": search}, cost)[""]
    return values[position - 1] if position else 0


def _measure(point: Point, device: Device, time_limit_s: float) -> Measurement:
    task = make_task(point, f"memory:{device}")
    ((_, trial),) = measure_tasks([task], jobs=1, time_limit_s=time_limit_s, fresh=True)
    return trial


def _share(trial: Measurement, memory_bytes: int) -> float:
    """The share of the memory that a trial reserved; infinity where it ran out of memory."""
    if trial.status == "ok":
        assert trial.reserved_bytes is not None
        return trial.reserved_bytes / memory_bytes
    if trial.status == "oom":
        return inf
    raise BenchError(f"{trial.point} is {trial.status}: {trial.reason}")
