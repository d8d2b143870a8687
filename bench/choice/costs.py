"""What is known of costs: measurements, and refusals of networks that cannot be built."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.records.catalogue import find_instrument
from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.records.point import Point


@dataclass(frozen=True)
class Refusal:
    """Why a network cannot be built for a point."""

    reason: str


class KnownCosts:
    """Costs by instrument and point. A `label` is `quantity:instrument`."""

    def __init__(self, measurements: Iterable[Measurement] = ()) -> None:
        self.measurements = Index(measurements)
        self._refusals: dict[tuple[str, Point], Refusal] = {}

    def refuse(self, label: str, point: Point, reason: str) -> None:
        """Record why the network of `point` cannot be built, so that `label` cannot be measured."""
        self._refusals[label, find_instrument(label).canonical(point)] = Refusal(reason)

    def find(self, label: str, point: Point) -> Measurement | Refusal | None:
        """The measurement or the refusal of a cost; None if neither is known."""
        refusal = self._refusals.get((label, find_instrument(label).canonical(point)))
        return self.measurements.find(label, point) or refusal

    def figure(self, label: str, point: Point) -> int | float | None:
        """A cost in its unit; None where there is no figure."""
        return self.measurements.figure(label, point)
