"""The instruments by quantity: what each measures at a point, and what its figure depends on.

Importing this file is cheap: an instrument imports torch when it measures.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import models
from bench.errors import BenchError
from bench.networks import build, build_on_meta, configured
from bench.records import Point, Reference

BASELINE = "tsn"  # what others are timed in turn with


@dataclass(frozen=True)
class Reading:
    """What an instrument gave: raw samples in its unit, its own breakdown, and warnings."""

    samples: tuple[int | float, ...]
    details: dict[str, dict[str, int]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    reference: Reference | None = None


@dataclass(frozen=True)
class Instrument:
    """One way to measure one quantity.

    `per_clip` says that the figure is of one clip's forward pass: batch and mode do not change it.
    `timed` says that it is of this machine, which must do nothing else meanwhile. `module` is the
    file that measures, `libraries` those whose versions may change the figure.
    """

    quantity: str
    name: str
    unit: str
    per_clip: bool
    module: str
    libraries: tuple[str, ...]
    read: Callable[[Point], Reading]
    timed: bool = False

    @property
    def label(self) -> str:
        """`quantity:name`, as `find_instrument` takes it."""
        return f"{self.quantity}:{self.name}"

    def canonical(self, point: Point) -> Point:
        """`point` with the fields that this instrument ignores at their defaults."""
        return point.model_copy(update={"batch": 1, "mode": "infer"}) if self.per_clip else point


def _count_params(point: Point) -> Reading:
    from bench import params

    return Reading((params.count(build_on_meta(point)),))


def _count_macs(point: Point) -> Reading:
    from bench import macs

    counted = macs.count(build_on_meta(point), point.clip_shape)
    return Reading(
        (counted.total,),
        {"by_operator": counted.by_operator, "uncounted": counted.uncounted},
        tuple(f"nobody counts {operator}" for operator in sorted(counted.uncounted)),
    )


def _count_macs_with_fvcore(point: Point) -> Reading:
    from bench import macs

    counted = macs.count_with_fvcore(build(point), point.clip_shape)
    details = {"by_operator": counted.by_operator, "uncounted": counted.uncounted}
    return Reading((counted.total,), details)


def _simulate_memory(point: Point) -> Reading:
    from bench import memory

    peak = memory.simulate(partial(build, point), point.clip_shape, point.mode)
    return Reading((peak.peak_bytes,), {"by_kind": peak.by_kind})


def _measure_latency(point: Point) -> Reading:
    from bench import latency
    from bench.clips import blank_clip

    model = build(point)
    clip = blank_clip(model, point.clip_shape).normal_()
    beside = latency_reference(point)
    reference = None if beside is None else build(beside)
    samples = latency.measure(model, clip, point.mode, reference=reference)
    if beside is None:
        return Reading(samples.seconds)
    paired = Reference(point=beside, samples=samples.reference_seconds)
    return Reading(samples.seconds, reference=paired)


def latency_reference(point: Point) -> Point | None:
    """The TSN that a point is timed in turn with, of the same depth where there is one.

    None for that TSN itself.
    """
    if point.network == BASELINE and not point.options:
        return None
    fields = {"network": BASELINE, "options": (), "depth": None}
    try:
        return configured(point.model_copy(update=fields | {"depth": point.depth}))
    except models.NetworkError:
        return configured(point.model_copy(update=fields))


INSTRUMENTS = (
    Instrument(
        "params",
        "shapes",
        "parameters",
        True,
        "bench.params",
        ("torch", "torchvision"),
        _count_params,
    ),
    Instrument(
        "macs", "flop_counter", "MACs", True, "bench.macs", ("torch", "torchvision"), _count_macs
    ),
    Instrument(
        "macs",
        "fvcore",
        "MACs",
        True,
        "bench.macs",
        ("torch", "torchvision", "fvcore"),
        _count_macs_with_fvcore,
    ),
    Instrument(
        "memory",
        "simulated",
        "bytes",
        False,
        "bench.memory",
        ("torch", "torchvision"),
        _simulate_memory,
    ),
    Instrument(
        "latency",
        "cpu",
        "seconds",
        False,
        "bench.latency",
        ("torch", "torchvision"),
        _measure_latency,
        timed=True,
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
