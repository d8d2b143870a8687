"""Whether a step fits in a GPU's memory, and how much of it does: by simulation, without a GPU.

Sizes are in bytes. A step fits if PyTorch's allocator finds room for it, and does not fit if its
tensors alone are too large. The answer allows for what is not known exactly: the size of the CUDA
context, and the error of a simulated peak. Where these or fragments decide, it is too close to say.
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
from models.user_file import contained
from suites.cuda_contexts import context_allowance, process_range

Answer = Literal["fits", "too close to say", "does not fit"]

# The worst errors of simulated peaks, as shares of the printed ones in suites/gpu_memory.csv:
# SlowOnly 4x16 is 0.83 % too low, SlowFast 8x8 is 0.07 % too high.
LEAST_ERROR, GREATEST_ERROR = -0.009, 0.001
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
        if self._share(peak, "fits") <= 1:
            answer = "fits"
        elif self._share(peak, "may fit") > 1:
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
        tried = self._search(candidates)
        possible = [one for one in tried if one.answer != "does not fit"]
        fits = next((one for one in reversed(possible) if one.answer == "fits"), None)
        may_fit = possible[-1] if possible and possible[-1] is not fits else None
        last = tried.index(possible[-1]) if possible else -1
        return LargestFit(candidates, fits, may_fit, next(iter(tried[last + 1 :]), None))

    def _search(self, candidates: Candidates) -> list[Estimate]:
        """The estimates that both searches take, the smallest first."""
        if not candidates.values:
            raise BenchError(f"{candidates.base}: {candidates.end}")
        tried: dict[int, BenchError | None] = {}  # by position; why it cannot be simulated

        def cost(positions: Mapping[str, int]) -> dict[str, float]:
            shares = {}
            for asked, position in positions.items():
                try:
                    peak = self._peak(_at(candidates, position))
                except BenchError as error:
                    tried[position], shares[asked] = error, inf
                else:
                    tried[position], shares[asked] = None, self._share(peak, asked)
            return shares

        count = len(candidates.values)
        asked = ("fits", "may fit")
        run_searches({name: search_largest(count, candidates.sure) for name in asked}, cost)
        failures = [error for error in tried.values() if error]
        if len(failures) == len(tried):
            raise failures[-1]
        return [self.of(_at(candidates, n)) for n, error in sorted(tried.items()) if not error]

    def _peak(self, point: Point) -> PeakMemory:
        point = find_instrument("memory:simulated").canonical(point)
        if point not in self._peaks:
            try:
                with contained():
                    self._peaks[point] = simulate_point(point)
            except (Exception, SystemExit) as error:  # of the network
                reason = f"{type(error).__name__}: {error}".partition("\n")[0]
                raise BenchError(f"{point} cannot be simulated: {reason}") from error
        return self._peaks[point]

    def _share(self, peak: PeakMemory, asked: str) -> float:
        """The share of the GPU that a step needs; more than 1 if it does not fit, or may not."""
        gpu = self._gpu
        capacity_bytes = gpu.sure_bytes if asked == "fits" else gpu.possible_bytes
        if capacity_bytes <= 0:
            return inf
        share = peak.peak_bytes / capacity_bytes
        if share <= 1 and asked == "fits":
            try:
                replay(peak.trace, gpu.settings, capacity_bytes)
            except OutOfMemoryError:
                return JUST_MORE
        return share


def _at(candidates: Candidates, position: int) -> Point:
    return candidates.at(candidates.values[position - 1])
