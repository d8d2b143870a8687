"""The instruments by quantity: what each measures at a point, and what its figure depends on.

Importing this file is cheap: an instrument imports torch when it measures.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, get_args

import models
from bench.errors import BenchError, UnsupportedError
from bench.networks import FILE_MARK, build, build_on_meta, configured, version
from bench.records import (
    PERCENT,
    REFERENCE_VERSION,
    Device,
    Measurement,
    Options,
    Point,
    Reference,
    Scalar,
)
from bench.source import code_version

if TYPE_CHECKING:
    from bench.cpu_time import Pair
    from bench.latency import LatencySamples

BASELINE = "tsn"  # what others are timed in turn with
BESIDE_BASELINE = "tsm"  # what that is itself, where a change of it is to be told
PLACED = ("execution", "memory_format")  # what a count has nothing to do with
PLACING = "bench.placement"
LEARNT = ("dataset", "seed")  # what a cost has nothing to do with
PER_CLIP = ("batch", "mode", "precision", *PLACED, *LEARNT)


def latency_reference(point: Point) -> Point | None:
    """The TSN that a point is timed in turn with, of the same depth where there is one.

    None for that TSN itself.
    """
    if point.network == BASELINE and not point.options:
        return None
    return _instead(point, BASELINE)


def cpu_time_reference(point: Point) -> Point:
    """The TSN that a point's processor time is taken in turn with, for a TSN the TSM.

    Of the same depth and width where there are such: a reference that costs far more than a narrow
    network would leave time for few samples of it.
    """
    width = tuple(pair for pair in point.options if pair[0] == "width")
    of_ours = width if FILE_MARK not in point.network else ()
    reference = _instead(point, BASELINE, of_ours)
    return reference if reference != point else _instead(point, BESIDE_BASELINE, of_ours)


def _instead(point: Point, network: str, options: Options = ()) -> Point:
    """`point` of another network, of the same depth where it has that."""
    fields: dict[str, Any] = {"network": network, "options": options, "depth": None}
    try:
        return configured(point.model_copy(update=fields | {"depth": point.depth}))
    except models.NetworkError:
        return configured(point.model_copy(update=fields))


@dataclass(frozen=True)
class Reading:
    """What an instrument gave: raw samples in its unit, its own breakdown, and warnings.

    `settings` are those that it fixed meanwhile.
    """

    samples: tuple[int | float, ...]
    details: dict[str, dict[str, int | float]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    reference: Reference | None = None
    settings: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True)
class Instrument:
    """One way to measure one quantity.

    `modules` measure, by `read`; `libraries` are those whose versions may change the figure,
    `ignores` the fields of a point that do not. `device` is what it measures on, if the figure is
    of a machine: then it runs alone, in a fresh process. `reference` gives what it measures in turn
    with a point.
    """

    quantity: str
    name: str
    unit: str
    modules: tuple[str, ...]
    read: Callable[[Point], Reading]
    ignores: tuple[str, ...] = LEARNT
    device: Device | None = None
    libraries: tuple[str, ...] = ("torch", "torchvision")
    reference: Callable[[Point], Point | None] = latency_reference

    @property
    def label(self) -> str:
        """`quantity:name`, as `find_instrument` takes it."""
        return f"{self.quantity}:{self.name}"

    @property
    def code_version(self) -> str:
        """A fingerprint of the source that measures."""
        read = self.read.func if isinstance(self.read, partial) else self.read
        return code_version(*self.modules, functions=(read, build, build_on_meta))

    def canonical(self, point: Point) -> Point:
        """`point` with the fields that this instrument ignores at their defaults."""
        return point.model_copy(
            update={name: Point.model_fields[name].default for name in self.ignores}
        )


def machine_of(measurement: Measurement) -> str:
    """The name of the machine that a figure is of; "" where it is of none."""
    return measurement.environment.machine if measurement.label in _of_machines() else ""


@cache
def _of_machines() -> frozenset[str]:
    return frozenset(one.label for one in INSTRUMENTS if one.device)


def _count_params(point: Point) -> Reading:
    from bench import params

    return Reading((params.count(build_on_meta(point)),))


def _count_macs(point: Point) -> Reading:
    from bench import macs

    counted = macs.count(build_on_meta(point), point.clip_shape)
    return Reading(
        (counted.total,),
        {"by_operator": dict(counted.by_operator), "uncounted": dict(counted.uncounted)},
        tuple(f"nobody counts {operator}" for operator in sorted(counted.uncounted)),
    )


def _count_macs_with_fvcore(point: Point) -> Reading:
    from bench import macs

    counted = macs.count_with_fvcore(build(point), point.clip_shape)
    return Reading(
        (counted.total,),
        {"by_operator": dict(counted.by_operator), "uncounted": dict(counted.uncounted)},
    )


def _count_traffic(point: Point) -> Reading:
    from bench import traffic

    return Reading((traffic.count(partial(build, point), point.clip_shape, point.precision),))


def _simulate_memory(point: Point) -> Reading:
    from bench.memory import simulated

    peak = simulated.simulate(partial(build, point), point.clip_shape, point.mode, point.precision)
    return Reading((peak.peak_bytes,), {"by_kind": dict(peak.by_kind)})


def _measure_memory(point: Point, device: Device) -> Reading:
    from bench.environment import usable_cores
    from bench.memory import measured
    from bench.placement import place
    from bench.settings import fixed

    threads = usable_cores()
    with fixed(device, point.precision, threads=threads, cudnn_benchmark=False) as settings:
        peak = measured.measure(
            partial(place, build, point, device), device, point.mode, point.precision
        )
    return Reading(
        (peak.peak_bytes,),
        {"allocator": {"reserved": peak.reserved_bytes}},
        settings=settings,
    )


def _measure_latency(point: Point, device: Device) -> Reading:
    from bench import ceilings, latency
    from bench.placement import place

    def time(beside: Point | None) -> Reading:
        model, clip = place(build, point, device)
        reference = None if beside is None else place(build, beside, device)
        taken = latency.measure(model, clip, point.mode, point.precision, reference=reference)
        most = ceilings.measure(device, point.precision, taken.threads)
        return _timed(taken, beside, {"ceilings": asdict(most)})

    return _beside_reference(time, latency_reference(point))


def _measure_cpu_time(point: Point) -> Reading:
    from bench import cpu_time
    from bench.placement import place

    def time(beside: Point | None) -> Reading:
        points = [point] if beside is None else [point, beside]

        def pairs() -> "list[Pair]":
            return [place(build, one, "cpu") for one in points]

        return _timed(cpu_time.measure(pairs, point.mode, point.precision), beside)

    return _beside_reference(time, cpu_time_reference(point))


def _timed(
    taken: "LatencySamples",
    beside: Point | None,
    details: dict[str, dict[str, int | float]] | None = None,
) -> Reading:
    """What was timed in turn with `beside`; the version of its source tells whether it changed."""
    if beside is None:
        return Reading(taken.seconds, details or {}, taken.warnings, None, taken.settings)
    paired = Reference(point=beside, samples=taken.reference_seconds)
    settings = {**taken.settings, REFERENCE_VERSION: version(beside)}
    return Reading(taken.seconds, details or {}, taken.warnings, paired, settings)


def _beside_reference(time: Callable[[Point | None], Reading], beside: Point | None) -> Reading:
    """What `time` gives beside a reference, alone where the memory does not hold both."""
    from bench.device_errors import is_shortage

    try:
        return time(beside)
    except Exception as error:
        if beside is None or not is_shortage(error):
            raise
    alone = time(None)  # here, where the error no longer holds what did not fit
    lost = f"there is no ratio: the memory does not hold its reference, {beside}, as well"
    return replace(alone, warnings=(lost, *alone.warnings))


def _measure_throughput(point: Point, device: Device) -> Reading:
    from bench import latency, throughput
    from bench.placement import place

    def time_batch(batch: int) -> latency.LatencySamples:
        placed = place(build, point.model_copy(update={"batch": batch}), device)
        return latency.measure(*placed, point.mode, point.precision, budget_s=throughput.BATCH_S)

    best = throughput.measure(time_batch)
    by_batch: dict[str, int | float] = {str(batch): rate for batch, rate in best.by_batch.items()}
    return Reading(
        best.clips_per_second,
        {"best": {"batch": best.batch}, "clips_per_second_by_batch": by_batch},
        best.warnings,
        settings=best.latency.settings,
    )


def _measure_energy(point: Point, device: Device) -> Reading:
    from bench import energy
    from bench.environment import usable_cores
    from bench.placement import place
    from bench.settings import fixed
    from bench.steps import make_step

    with fixed(device, point.precision, threads=usable_cores(), cudnn_benchmark=True) as settings:
        step = make_step(*place(build, point, device), point.mode, point.precision)
        joules = energy.measure(step)
    return Reading(tuple(j / point.batch for j in joules), settings=settings)


def _train(point: Point) -> Reading:
    from bench import accuracy
    from bench.video.arrow_of_time import NAME
    from bench.video.motions import SIZE

    asked = (point.dataset, point.input_size, point.num_classes)
    if asked != (NAME, SIZE, accuracy.CLASSES):
        raise UnsupportedError(
            f"networks are trained on {NAME!r} alone, of {accuracy.CLASSES} classes and {SIZE} "
            f"pixels: 'blvbench run accuracy' does"
        )
    learnt = accuracy.measure(partial(build, point), point.frames, point.seed, point.precision)
    return Reading(learnt.answers, learnt.details, settings=learnt.settings)


def _evaluate(point: Point) -> Reading:
    raise UnsupportedError(
        "weights and videos are needed to evaluate a network: 'blvbench evaluate' takes them"
    )


INSTRUMENTS = (
    Instrument("params", "shapes", "parameters", ("bench.params",), _count_params, PER_CLIP),
    Instrument("macs", "flop_counter", "MACs", ("bench.macs",), _count_macs, PER_CLIP),
    Instrument(
        "macs",
        "fvcore",
        "MACs",
        ("bench.macs",),
        _count_macs_with_fvcore,
        PER_CLIP,
        libraries=("torch", "torchvision", "fvcore"),
    ),
    Instrument(
        *("traffic", "operators", "bytes", ("bench.traffic",), _count_traffic),
        ignores=("mode", *PLACED, *LEARNT),
    ),
    Instrument(
        *("memory", "simulated", "bytes", ("bench.memory.simulated",), _simulate_memory),
        ignores=(*PLACED, *LEARNT),
    ),
    *(
        Instrument(
            *(quantity, device, unit, (*modules, PLACING), partial(read, device=device)),
            ignores=(*ignores, *LEARNT),
            device=device,
        )
        for device in get_args(Device)
        for quantity, unit, modules, read, ignores in (
            ("memory", "bytes", ("bench.memory.measured",), _measure_memory, ()),
            ("latency", "seconds", ("bench.latency", "bench.ceilings"), _measure_latency, ()),
            ("throughput", "clips/s", ("bench.throughput",), _measure_throughput, ("batch",)),
        )
    ),
    Instrument(
        *("cpu_time", "process", "seconds", ("bench.cpu_time", PLACING), _measure_cpu_time),
        device="cpu",
        reference=cpu_time_reference,
    ),
    Instrument(
        *(
            "energy",
            "nvml",
            "joules",
            ("bench.energy", PLACING),
            partial(_measure_energy, device="cuda"),
        ),
        device="cuda",
        libraries=("torch", "torchvision", "nvidia-ml-py"),
    ),
    Instrument(
        *("accuracy", "trained", PERCENT, ("bench.accuracy",), _train),
        ignores=("batch", "mode", *PLACED),
        libraries=("torch", "torchvision", "av", "numpy"),
    ),
    Instrument(
        *("accuracy", "evaluated", PERCENT, ("bench.video.evaluation",), _evaluate),
        ignores=("batch", "mode", *PLACED, "seed"),
        libraries=("torch", "torchvision", "av", "numpy"),
    ),
)


def find_instrument(name: str) -> Instrument:
    """The instrument called `quantity:instrument`, or the first one of a `quantity`.

    Raises `BenchError` with the known names.
    """
    for instrument in INSTRUMENTS:
        if name in (instrument.quantity, instrument.label):
            return instrument
    known = dict.fromkeys(name_ for i in INSTRUMENTS for name_ in (i.quantity, i.label))
    raise BenchError(
        f"there is no quantity {name!r}{models.did_you_mean(name, known)}: "
        f"choose among {', '.join(known)}"
    )
