"""An entry of a baseline or of a run: one figure, in the form in which the gate compares it."""

from collections.abc import Iterable
from statistics import mean, median
from typing import Any, Self

from pydantic import Field, model_validator

from bench.records.catalogue import PERCENT, find_instrument
from bench.records.measurement import (
    BUSY,
    PROTOCOL,
    REFERENCE_VERSION,
    Measurement,
    Reference,
    Status,
    check_samples,
)
from bench.records.point import Point
from bench.records.record import Number, Record
from bench.records.samples import ratios
from bench.text import Text

# Settings that do not affect a figure, or that an entry has in a field of its own.
EXCLUDED_SETTINGS = (BUSY, REFERENCE_VERSION, "seed")
BENCHMARK = "benchmark"  # the quantity of times of pytest-benchmark
HIGHER_IS_BETTER = ("clips/s", PERCENT)  # units

Subject = tuple[str, Point | str]  # `quantity:instrument`, and the point or the benchmark


class Entry(Record):
    """Samples of a quantity at a `point`, or of a `benchmark` of pytest, and their conditions.

    Entries are compared only if their `conditions` are equal. `uncounted` are operators that nobody
    counts. `busy`: other processes used the machine. `reversed_pairs`: each answer to a motion is
    followed by the answer to its reverse. `network_version` decides whether an entry of a run can
    be measured again; entries of a baseline do not have it.
    """

    quantity: Text
    instrument: Text
    unit: Text
    point: Point | None = None
    benchmark: Text = ""
    status: Status = "ok"
    reason: Text = ""
    samples: tuple[int | float, ...] = ()
    reference: Reference | None = None
    reference_version: Text = ""
    network_version: Text = ""
    uncounted: dict[Text, Number] = Field(default_factory=dict)
    busy: bool = False
    reversed_pairs: bool = False
    conditions: dict[Text, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.point is None) != bool(self.benchmark):
            raise ValueError("an entry has either a point or a benchmark")
        check_samples(self.status, self.samples, self.reference)
        return self

    @classmethod
    def of(cls, measurement: Measurement) -> Self:
        """The entry of a measurement."""
        return cls(
            quantity=measurement.quantity,
            instrument=measurement.instrument,
            unit=measurement.unit,
            point=measurement.point,
            status=measurement.status,
            reason=measurement.reason,
            samples=measurement.samples,
            reference=measurement.reference,
            reference_version=str(measurement.settings.get(REFERENCE_VERSION, "")),
            network_version=measurement.code.network,
            uncounted=measurement.details.get("uncounted", {}),
            busy=bool(measurement.settings.get(BUSY, False)),
            reversed_pairs=measurement.has_reversed_pairs,
            conditions=_conditions(measurement),
        )

    @property
    def label(self) -> str:
        """`quantity:instrument`."""
        return f"{self.quantity}:{self.instrument}"

    @property
    def subject(self) -> Subject:
        """Identifies the figure: entries with equal subjects are compared."""
        return self.label, self.point or self.benchmark

    @property
    def sort_key(self) -> tuple[Any, ...]:
        """Sorts entries into the order of a report, benchmarks last."""
        key = (0, *self.point.sort_key) if self.point else (1, self.benchmark)
        return (*key, self.label)

    @property
    def is_higher_better(self) -> bool:
        """Whether a larger figure is the better one."""
        return self.unit in HIGHER_IS_BETTER

    @property
    def relative_samples(self) -> tuple[float, ...]:
        """The samples; if there is a reference, their ratios to its samples."""
        if self.reference is None or not all(self.reference.samples):
            return self.samples
        return tuple(ratios(self.samples, self.reference.samples))

    @property
    def value(self) -> float:
        """The median of the samples or ratios; of an accuracy the mean."""
        return mean(self.samples) if self.unit == PERCENT else median(self.relative_samples)

    @property
    def figure(self) -> str:
        """The value for a table, a whole number with all its digits.

        A ratio to a reference has the seconds of both, in the rounds that it is of.
        """
        if self.status != "ok":
            return self.status
        if self.unit == PERCENT:
            return f"{self.value:.2f} %"
        if self.reference:
            both = f"{median(self.samples):.4g} / {self.reference.value:.4g} {self.unit}"
            return f"{self.value:.4f} of {self.reference.point.network} ({both})"
        number = f"{self.value:,}" if float(self.value).is_integer() else f"{self.value:,.6g}"
        return f"{number} {self.unit}"


def newest_entries(measurements: Iterable[Measurement]) -> list[Entry]:
    """An entry for the newest measurement of each quantity and point, in the order of a report.

    If several machines measured one, the newest of all counts.
    """
    entries = {entry.subject: entry for entry in map(Entry.of, measurements)}
    return sorted(entries.values(), key=lambda entry: entry.sort_key)


def _conditions(measurement: Measurement) -> dict[str, str]:
    """Everything that could change a figure, except the code of the network and of this project.

    The release of the project counts. The version of an instrument's source does not: otherwise
    every edit of an instrument would invalidate the baseline.
    """
    libraries = find_instrument(measurement.label).libraries
    packages = measurement.environment.packages
    conditions: dict[str, Any] = {name: packages.get(name, "") for name in ("blvbench", *libraries)}
    if measurement.is_accuracy:
        conditions |= {name: measurement.settings.get(name, "") for name in PROTOCOL}
    if machine := measurement.machine:  # the threads are among the settings
        settings = {k: v for k, v in measurement.settings.items() if k not in EXCLUDED_SETTINGS}
        conditions |= {"machine": machine, **settings}
    if measurement.reference:
        conditions["reference"] = measurement.reference.point
    return {name: str(value) for name, value in sorted(conditions.items()) if value != ""}
