"""Predicted and measured memory: simulated peaks beside those that machines measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Point
from reports.machines import POINT_HEADINGS, point_cells
from reports.tables import NOT_MEASURED, Cell, Table

SIMULATED = "memory:simulated"
NEAR = 0.03  # what a simulation is good for: a tenth of the saving of 1.8 times would hide in 10 %
LARGE_BYTES = 2**30  # below it, what a library keeps for itself is a share that counts
HEADINGS = (
    *POINT_HEADINGS,
    *("simulated (MiB)", "measured (MiB)", "allocator held (MiB)", "error of the simulation"),
)
MEASURED_BY = "blvbench run gpu --store FILE"  # on a machine with a GPU


@dataclass(frozen=True)
class Pair:
    """A simulated peak and the same one measured, in bytes."""

    simulated: int | float
    measured: Measurement

    @property
    def error(self) -> float:
        """How much more was simulated than measured, as a share."""
        return self.simulated / self.measured.value - 1

    @property
    def is_asked_of(self) -> bool:
        """Whether the simulation is meant to come near: a training step of some size on CUDA.

        Not a compiled one, which keeps less than the operators that are simulated.
        """
        measured = self.measured
        return (
            measured.instrument == "cuda"
            and measured.point.mode == "train"
            and measured.point.execution == "eager"
            and measured.value > LARGE_BYTES
        )


@dataclass(frozen=True)
class Predicted:
    """The pairs of one machine and instrument, and a sentence that says how near they are.

    `beyond` are the points that should be near and are not, with their errors.
    """

    machine: str
    instrument: str
    finding: str
    beyond: tuple[str, ...]
    table: Table


def build_predicted(measurements: Sequence[Measurement]) -> tuple[Predicted, ...]:
    """A table for every machine and instrument that measured a peak which was simulated as well."""
    canonical = find_instrument(SIMULATED).canonical
    simulated: dict[Point, int | float] = {
        m.point: m.value for m in measurements if m.label == SIMULATED and m.status == "ok"
    }
    groups: dict[tuple[str, str], list[Pair]] = {}
    for m in measurements:
        is_measured = m.quantity == "memory" and m.status == "ok" and m.machine and m.value
        if is_measured and canonical(m.point) in simulated:
            pair = Pair(simulated[canonical(m.point)], m)
            groups.setdefault((m.machine, m.instrument), []).append(pair)
    return tuple(
        Predicted(machine, instrument, _finding(pairs, instrument), _beyond(pairs), _table(pairs))
        for (machine, instrument), pairs in sorted(groups.items())
    )


def _table(pairs: Sequence[Pair]) -> Table:
    return Table(
        f"{len(pairs)} points simulated and measured",
        HEADINGS,
        tuple(
            (
                *point_cells(pair.measured.point),
                _mebibytes(pair.simulated),
                _mebibytes(pair.measured.value),
                _held(pair.measured),
                Cell(f"{pair.error:+.1%}", pair.error),
            )
            for pair in sorted(pairs, key=lambda p: (-abs(p.error), p.measured.point.sort_key))
        ),
    ).compact()


def _finding(pairs: Sequence[Pair], instrument: str) -> str:
    """How many of those that should be near are so; of a CPU, why none should."""
    largest = max(pairs, key=lambda pair: abs(pair.error))
    worst = f"the largest error is {largest.error:+.1%}, of {largest.measured.point}."
    if instrument != "cuda":
        return (
            f"{NEAR:.0%} is asked of CUDA only. Resident memory holds the libraries' workspaces, "
            f"and what the allocator keeps of freed tensors: {worst}"
        )
    asked = sum(pair.is_asked_of for pair in pairs)
    if not asked:
        return f"No training point over 1 GiB, of which {NEAR:.0%} is asked; of all, {worst}"
    near = asked - len(_beyond(pairs))
    return f"{near} of {asked} training points over 1 GiB are within {NEAR:.0%}; of all, {worst}"


def _beyond(pairs: Sequence[Pair]) -> tuple[str, ...]:
    far = [pair for pair in pairs if pair.is_asked_of and abs(pair.error) > NEAR]
    ordered = sorted(far, key=lambda pair: -abs(pair.error))
    return tuple(f"{pair.measured.point}: {pair.error:+.1%}" for pair in ordered)


def _held(measurement: Measurement) -> Cell:
    held = measurement.details.get("allocator", {}).get("reserved")
    return NOT_MEASURED if held is None else _mebibytes(held)


def _mebibytes(count: int | float) -> Cell:
    return Cell(f"{count / 2**20:,.0f}", count)
