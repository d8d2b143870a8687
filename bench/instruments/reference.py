"""Reference networks: a point is timed in turn with one, so that their ratio does not drift."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bench.instruments.reading import Reading
from bench.machine.device_errors import is_shortage
from bench.records.measurement import REFERENCE_VERSION, Reference
from bench.records.point import FORMULATION, Options, Point
from bench.workload.networks import FILE_MARK, configure, network_version
from models.errors import NetworkError

if TYPE_CHECKING:
    from bench.instruments.latency import LatencySamples

REFERENCE = "tsn"
REFERENCE_OF_TSN = "tsm"  # so that a change of TSN itself shows


def latency_reference(point: Point) -> Point | None:
    """The TSN that is timed in turn with the point, of the same depth if TSN has it.

    It has the same formulation. None for the efficient TSN itself; any other TSN is taken in turn
    with that one.
    """
    if point.network == REFERENCE:
        return _other_network(point, REFERENCE) if point.options else None
    return _other_network(point, REFERENCE, _shared(point, FORMULATION))


def cpu_time_reference(point: Point) -> Point:
    """The TSN that a processor time is taken in turn with; for a TSN, the TSM.

    It has the same formulation as the point, and the same depth and width if its network has them:
    with a much costlier reference, there would be time for only a few samples.
    """
    options = _shared(point, FORMULATION, "width")
    reference = _other_network(point, REFERENCE, options)
    return reference if reference != point else _other_network(point, REFERENCE_OF_TSN, options)


REFERENCES: dict[str, Callable[[Point], Point | None]] = {
    "latency": latency_reference,
    "cpu_time": cpu_time_reference,
}


def reference_of(quantity: str, point: Point) -> Point | None:
    """The reference of `quantity` at `point`; None where it is measured alone."""
    find = REFERENCES.get(quantity)
    return find(point) if find else None


def read_with_reference(
    measure: Callable[[Point | None], Reading], reference: Point | None
) -> Reading:
    """The reading that `measure` takes in turn with a reference.

    Where the memory does not hold both, the reading is of the point alone, with a warning.
    """
    try:
        return measure(reference)
    except Exception as error:
        if reference is None or not is_shortage(error):
            raise
    # Inside of the `except` block, the error would keep the failed allocations alive.
    alone = measure(None)
    warning = (
        f"there is no ratio: the reference, {reference}, does not fit in memory together with the "
        "network"
    )
    return replace(alone, warnings=(warning, *alone.warnings))


def timed_reading(
    taken: "LatencySamples",
    reference: Point | None,
    details: dict[str, dict[str, int | float]] | None = None,
) -> Reading:
    """The reading of samples that were taken in turn with those of `reference`.

    The version of the reference's source tells later whether it changed.
    """
    if reference is None:
        return Reading(taken.seconds, details or {}, taken.warnings, None, taken.settings)
    pair = Reference(point=reference, samples=taken.reference_seconds)
    settings = {**taken.settings, REFERENCE_VERSION: network_version(reference)}
    return Reading(taken.seconds, details or {}, taken.warnings, pair, settings)


def _shared(point: Point, *names: str) -> Options:
    """The options of `point` that its reference has too; a user's file has options of its own."""
    if FILE_MARK in point.network:
        return ()
    return tuple((name, value) for name, value in point.options if name in names)


def _other_network(point: Point, network: str, options: Options = ()) -> Point:
    """`point` with another network, at the same depth if that network has it."""
    fields: dict[str, Any] = {"network": network, "options": options, "depth": None}
    try:
        return configure(point.model_copy(update=fields | {"depth": point.depth}))
    except NetworkError:
        return configure(point.model_copy(update=fields))
