"""Latency: seconds of a forward pass or a training step over one batch.

A clip is N x C x T x H x W. The speed of a shared machine drifts. So a network and its reference
run in turn, round by round: their ratio is stable even if both times drift.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import inf

from torch import Tensor, nn

from bench.errors import BenchError
from bench.instruments.ceilings import measure as measure_ceilings
from bench.instruments.reading import Reading
from bench.instruments.reference import latency_reference, read_with_reference, timed_reading
from bench.machine import busy, card
from bench.records.measurement import BUSY, THREADS
from bench.records.point import Device, Point
from bench.records.samples import doubts, interval
from bench.workload.placement import place
from bench.workload.steps import Step, make_step
from bench.workload.timers import TIMERS, Timer
from bench.workload.torch_settings import Settings, fix_settings
from suites.fields import Mode, Precision
from suites.step import DEFAULT_STEP, StepOptions

ROUNDS = 7  # at least; odd, so that the median is a sample and a busy second spoils a minority
MAX_ROUNDS = 200
BUDGET_S = 3.0  # rounds continue for up to this long, until the medians are known to `SURE`
SURE = 0.01  # a median is sure if its interval is within this share of it
SETTLED = 0.05  # the warm-up ends at a round that is not faster by this share
MAX_WARM_UP = 10  # rounds


@dataclass(frozen=True)
class LatencySamples:
    """Seconds a batch of a network and of its reference, in the same order of rounds.

    `warnings` are reasons not to trust them, `settings` those of torch.
    """

    seconds: tuple[float, ...]
    reference_seconds: tuple[float, ...]
    warnings: tuple[str, ...]
    settings: Settings

    @property
    def threads(self) -> int:
        """The number of threads that computed on the CPU."""
        return int(self.settings[THREADS])


def read(point: Point, device: Device) -> Reading:
    """The latency of a step of `point` on `device`, taken in turn with its reference.

    The machine's ceilings, measured right after, are among the details.
    """

    def time(reference: Point | None) -> Reading:
        model, clip = place(point, device)
        placed = None if reference is None else place(reference, device)
        taken = measure(model, clip, point.mode, point.precision, point.step, reference=placed)
        ceilings = measure_ceilings(device, point.precision, taken.threads)
        return timed_reading(taken, reference, {"ceilings": asdict(ceilings)})

    return read_with_reference(time, latency_reference(point))


def measure(
    model: nn.Module,
    clip: Tensor,
    mode: Mode = "infer",
    precision: Precision = "fp32",
    step: StepOptions = DEFAULT_STEP,
    *,
    reference: tuple[nn.Module, Tensor] | None = None,
    rounds: int = ROUNDS,
    budget_s: float = BUDGET_S,
) -> LatencySamples:
    """Time steps of `model` over `clip` and, in turn, of a reference over its clip, on one device.

    Warms up until rounds get no faster. Takes `rounds` samples of each, and more for up to
    `budget_s` while the medians are not known to 1 %. A GPU is timed by CUDA events. A CPU uses
    `busy.free_threads`; if other processes take some of these cores meanwhile, everything is
    measured again with fewer. A step is that of `bench.workload.steps`: training changes the
    weights. Raises `BenchError` for an unknown mode, and for less than one round.
    """
    if rounds < 1:
        raise BenchError(f"a latency needs at least 1 round, not {rounds}")
    device: Device = "cuda" if clip.is_cuda else "cpu"
    pairs = [(model, clip)] if reference is None else [(model, clip), reference]
    threads = busy.free_threads(busy.look())
    while True:
        with fix_settings(device, precision, threads=threads, cudnn_benchmark=True) as settings:
            steps = [make_step(*pair, mode, precision, step) for pair in pairs]
            watch = busy.Watch()
            taken, warnings = interleave(steps, rounds, timer=TIMERS[device], budget_s=budget_s)
            others = watch.others_cores()
        if device == "cuda" or threads <= (free := busy.free_threads(others)):
            break
        threads = free
    own, reference_samples = taken[0], taken[-1] if reference is not None else ()
    on_device = card.doubts() if device == "cuda" else []
    busier = busy.warning(others, threads)
    found = (*warnings, *doubts(own), *busier, *on_device)
    return LatencySamples(own, reference_samples, found, {**settings, BUSY: bool(busier)})


def interleave(
    steps: Sequence[Step], rounds: int, *, timer: Timer, budget_s: float = BUDGET_S
) -> tuple[list[tuple[float, ...]], list[str]]:
    """Time every step once in each round, after warming up; odd rounds run in reverse order.

    Returns the seconds of each step, by round, and warnings.
    """
    warnings = _warm_up(steps, timer)
    taken: list[list[float]] = [[] for _ in steps]
    start = time.perf_counter()
    for number in range(MAX_ROUNDS if rounds < MAX_ROUNDS else rounds):
        if number >= rounds and (
            time.perf_counter() - start > budget_s or all(map(_is_sure, taken))
        ):
            break
        turn = list(zip(steps, taken, strict=True))
        for step, samples in turn if number % 2 == 0 else reversed(turn):
            samples.append(timer(step))
    return [tuple(samples) for samples in taken], warnings


def _warm_up(steps: Sequence[Step], timer: Timer) -> list[str]:
    """Run rounds until they get no faster; returns a warning if they still do at the end."""
    fastest = inf
    for _ in range(MAX_WARM_UP):
        seconds = sum(timer(step) for step in steps)
        if seconds > (1 - SETTLED) * fastest:
            return []
        fastest = min(fastest, seconds)
    return [f"rounds still got faster after {MAX_WARM_UP} rounds of warm-up: measure again"]


def _is_sure(samples: Sequence[float]) -> bool:
    low, high = interval(samples)
    return high - low <= 2 * SURE * low
