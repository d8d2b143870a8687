"""The index of measurements: the newest of each quantity and point, on each machine."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Point

NONE: Mapping[str, Measurement] = MappingProxyType({})


class Key(NamedTuple):
    """Identifies what was measured. `machine` is "" if the figure does not depend on a machine."""

    label: str
    point: Point
    machine: str


def key_of(measurement: Measurement) -> Key:
    """The key of a measurement: two with equal keys are of the same thing."""
    return Key(measurement.label, measurement.point, measurement.machine)


class Index:
    """Measurements by quantity, instrument, point and machine, the latest for each of these keys.

    A later measurement replaces an earlier one with the same key. A `label` is
    `quantity:instrument`. A look-up ignores the fields of the point that the instrument ignores.
    """

    def __init__(self, measurements: Iterable[Measurement] = ()) -> None:
        self._found: dict[tuple[str, Point], dict[str, Measurement]] = {}
        for measurement in measurements:
            self.add(measurement)

    def add(self, measurement: Measurement) -> None:
        """Enter a measurement, in place of an older one."""
        label, point, machine = key_of(measurement)
        by_machine = self._found.setdefault((label, point), {})
        by_machine.pop(machine, None)  # so that the newest is the last
        by_machine[machine] = measurement

    def __iter__(self) -> Iterator[Measurement]:
        """Every measurement that counts."""
        return (m for by_machine in self._found.values() for m in by_machine.values())

    def by_platform(self, label: str, point: Point) -> Mapping[str, Measurement]:
        """The measurements of a point by their platform, the newest last."""
        return {m.platform: m for m in self._by_machine(label, point).values()}

    def find(self, label: str, point: Point) -> Measurement | None:
        """The newest measurement of a point, on whatever machine; None where there is none."""
        found = list(self._by_machine(label, point).values())
        return found[-1] if found else None

    def figure(self, label: str, point: Point) -> int | float | None:
        """The value of the newest measurement of a point; None where there is no value."""
        found = self.find(label, point)
        return found.value if found is not None and found.status == "ok" else None

    def _by_machine(self, label: str, point: Point) -> Mapping[str, Measurement]:
        return self._found.get((label, find_instrument(label).canonical(point)), NONE)


def in_report_order(measurements: Iterable[Measurement]) -> list[Measurement]:
    """Measurements sorted by point, quantity, instrument and machine."""
    return sorted(measurements, key=lambda m: (*m.point.sort_key, m.label, m.machine))
