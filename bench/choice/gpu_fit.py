"""Whether a step fits in a GPU's memory, and how much of it does: by simulation, without a GPU.

Sizes are in bytes. The answer allows for what is not known exactly: the size of the CUDA context,
and the error of a simulated peak. Where these decide, it is too close to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

from bench.choice.budget import Candidates
from bench.choice.search import run_searches, search_largest
from bench.errors import BenchError
from bench.instruments.memory.allocator import DEFAULTS, AllocatorSettings, OutOfMemoryError
from bench.instruments.memory.replay import replay
from bench.instruments.memory.simulated import PeakMemory, simulate_point
from bench.records.catalogue import find_instrument
from bench.records.point import Point
from bench.workload.networks import explain
from models.user_file import contained
from suites.cuda_contexts import context_allowance, process_range

Answer = Literal["fits", "too close to say", "does not fit"]

# The worst errors of simulated peaks, as shares of the printed ones in suites/gpu_memory.csv: each
# simulated peak is too low, by 0.6 % at most.
LEAST_ERROR, GREATEST_ERROR = -0.006, 0.0
JUST_MORE = 1 + 1e-9  # than all of it


@dataclass(frozen=True)
class Gpu:
    """The memory of a GPU that no other process uses, and the settings of PyTorch's allocator."""

    memory_bytes: int
    settings: AllocatorSettings = DEFAULTS

    @property
    def sure_bytes(self) -> float:
        """What a simulated process can have for sure: the context is large, the peak too low."""
        return (self.memory_bytes - context_allowance()[1]) * (1 + LEAST_ERROR)

    @property
    def possible_bytes(self) -> float:
        """What it can have at best: the context is small, the simulated peak too high."""
        return (self.memory_bytes - context_allowance()[0]) * (1 + GREATEST_ERROR)


@dataclass(frozen=True)
class Estimate:
    """What a step of `point` needs of a GPU, and whether it fits.

    `margin_bytes` is what the GPU has left beside the tensors and the context, at worst and at
    best; below 0 it lacks as much. `reserved_bytes` is what PyTorch reserves if it can: where a
    step `returns_cache`, it gives cached memory back to fit, which takes time.
    """

    point: Point
    answer: Answer
    allocated_bytes: int
    reserved_bytes: int
    margin_bytes: tuple[float, float]
    returns_cache: bool

    def as_json(self) -> dict[str, Any]:
        """The estimate as JSON types."""
        return {
            "point": self.point.model_dump(mode="json"),
            "answer": self.answer,
            "allocated_bytes": self.allocated_bytes,
            "reserved_bytes": self.reserved_bytes,
            "process_bytes": list(process_range(self.reserved_bytes)),
            "margin_bytes": [round(margin) for margin in self.margin_bytes],
            "returns_cache": self.returns_cache,
        }


@dataclass(frozen=True)
class LargestFit:
    """Of `candidates`: the largest that `fits`, the largest that may fit, and the next larger one.

    Each is None if there is no such candidate. `may_fit` is None if it is the one that fits.
    """

    candidates: Candidates
    fits: Estimate | None
    may_fit: Estimate | None
    beyond: Estimate | None

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """The estimates, the smallest first."""
        return tuple(one for one in (self.fits, self.may_fit, self.beyond) if one)


class Estimates:
    """Estimates for one GPU. Each point is simulated once."""

    def __init__(self, gpu: Gpu) -> None:
        self._gpu = gpu
        self._peaks: dict[Point, PeakMemory] = {}

    def of(self, point: Point) -> Estimate:
        """The estimate of `point`. Raises `BenchError` if its step cannot be simulated."""
        gpu, peak = self._gpu, self._peak(point)
        reserved = replay(peak.trace, gpu.settings)
        answer: Answer = "too close to say"
        if _share(peak, gpu.settings, gpu.sure_bytes) <= 1:
            answer = "fits"
        elif _share(peak, gpu.settings, gpu.possible_bytes) > 1:
            answer = "does not fit"
        least, most = context_allowance()
        margin = (
            gpu.memory_bytes - most - peak.peak_bytes / (1 + LEAST_ERROR),
            gpu.memory_bytes - least - peak.peak_bytes / (1 + GREATEST_ERROR),
        )
        returns = answer == "fits" and reserved > gpu.sure_bytes
        return Estimate(point, answer, peak.peak_bytes, reserved, margin, returns)

    def largest(self, candidates: Candidates) -> LargestFit:
        """Search the largest of `candidates` that fits, and the largest that may fit.

        Raises `BenchError` with the reason if none can be simulated.
        """
        if not candidates.values:
            raise BenchError(f"{candidates.base}: {candidates.end}")
        capacities = {"sure": self._gpu.sure_bytes, "possible": self._gpu.possible_bytes}
        failures: dict[int, BenchError] = {}
        tried: set[int] = set()

        def cost(positions: Mapping[str, int]) -> dict[str, float]:
            shares = {}
            for name, position in positions.items():
                tried.add(position)
                try:
                    peak = self._peak(_at(candidates, position))
                    shares[name] = _share(peak, self._gpu.settings, capacities[name])
                except BenchError as error:
                    failures[position] = error
                    shares[name] = inf
            return shares

        count = len(candidates.values)
        run_searches({name: search_largest(count, candidates.sure) for name in capacities}, cost)
        if len(failures) == len(tried):
            raise failures[max(failures)]
        estimates = [self.of(_at(candidates, n)) for n in sorted(tried - failures.keys())]
        largest = {one.answer: one for one in estimates if one.answer != "does not fit"}
        fits, may_fit = largest.get("fits"), largest.get("too close to say")
        ends = [n for n, one in enumerate(estimates) if one.answer != "does not fit"]
        beyond = estimates[ends[-1] + 1 :] if ends else estimates
        return LargestFit(candidates, fits, may_fit, beyond[0] if beyond else None)

    def _peak(self, point: Point) -> PeakMemory:
        point = find_instrument("memory:simulated").canonical(point)
        if point not in self._peaks:
            try:
                with contained():
                    self._peaks[point] = simulate_point(point)
            except (Exception, SystemExit) as error:  # of the network
                reason = explain(point, error)
                raise BenchError(f"{point} cannot be simulated: {reason}") from error
        return self._peaks[point]


def _at(candidates: Candidates, position: int) -> Point:
    return candidates.at(candidates.values[position - 1])


def _share(peak: PeakMemory, settings: AllocatorSettings, capacity_bytes: float) -> float:
    """The share of the capacity that a step needs: more than 1 if it runs out of memory."""
    if capacity_bytes <= 0:
        return inf
    share = peak.peak_bytes / capacity_bytes
    if share > 1:
        return share
    try:
        replay(peak.trace, settings, capacity_bytes)
    except OutOfMemoryError:
        return JUST_MORE
    return share
