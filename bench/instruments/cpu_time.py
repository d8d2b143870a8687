"""Processor time of a step on one thread, which other processes hardly affect.

A clip is N x C x T x H x W. Time by the clock includes what other processes compute meanwhile;
processor time does not. It is not a latency, since waiting costs nothing in it. It serves for the
ratio to a reference that is timed in turn, and for noticing a change of that ratio.
"""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from bench.instruments.latency import LatencySamples, interleave
from bench.instruments.reading import Reading
from bench.instruments.reference import cpu_time_reference, read_with_reference, timed_reading
from bench.records.point import Device, Point
from bench.records.samples import doubts, ratios
from bench.workload.placement import place
from bench.workload.steps import make_step
from bench.workload.timers import processor_seconds
from bench.workload.torch_settings import fix_settings
from suites.fields import Mode, Precision
from suites.step import DEFAULT_STEP, StepOptions

# A rebuilt network is at other memory addresses, and its time differs by 2 %. Samples of one build
# alone would make the median look more certain than it is.
BUILDS = 3
ROUNDS = 5  # of each build, at least
BUDGET_S = 1.5  # of each build: rounds continue for up to this long

ModelAndClip = tuple[nn.Module, Tensor]  # a network and its clip


def read(point: Point, device: Device) -> Reading:
    """The processor time of a step of `point`, taken in turn with its reference."""

    def time(reference: Point | None) -> Reading:
        points = [point] if reference is None else [point, reference]

        def place_all() -> list[ModelAndClip]:
            return [place(one, device) for one in points]

        return timed_reading(measure(place_all, point.mode, point.precision, point.step), reference)

    return read_with_reference(time, cpu_time_reference(point))


def measure(
    place: Callable[[], Sequence[ModelAndClip]],
    mode: Mode = "infer",
    precision: Precision = "fp32",
    step: StepOptions = DEFAULT_STEP,
    *,
    builds: int = BUILDS,
    rounds: int = ROUNDS,
    budget_s: float = BUDGET_S,
) -> LatencySamples:
    """Time steps of the networks that `place` builds: one alone, or one and its reference.

    They are built `builds` times, and each time run in turn on one thread, after warming up. With a
    reference, the warnings are about the ratios. Raises `BenchError` for an unknown mode.
    """
    own: list[float] = []
    reference_samples: list[float] = []
    warnings: list[str] = []
    with fix_settings("cpu", precision, threads=1, cudnn_benchmark=False) as settings:
        for _ in range(builds):
            steps = [make_step(*pair, mode, precision, step) for pair in place()]
            taken, warned = interleave(steps, rounds, timer=processor_seconds, budget_s=budget_s)
            own += taken[0]
            reference_samples += taken[1] if len(taken) > 1 else ()
            warnings += warned
    judged = ratios(own, reference_samples) if reference_samples else own
    found = dict.fromkeys((*warnings, *doubts(judged)))
    return LatencySamples(tuple(own), tuple(reference_samples), tuple(found), settings)
