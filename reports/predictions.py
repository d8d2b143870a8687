"""Predicted and measured memory: simulated peaks beside peaks that machines measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.wording import count_text
from reports.machines import POINT_HEADINGS, point_cells
from reports.tables import NOT_MEASURED, Cell, Table, format_mib

SIMULATED = "memory:simulated"
MAX_ERROR = 0.03  # of a simulation: an error of 10 % would hide a part of the 1.8x saving
LARGE_BYTES = 2**30  # in smaller peaks, the memory that a library keeps is a large share
HEADINGS = (
    *POINT_HEADINGS,
    "allocated, simulated (MiB)",
    "allocated, measured (MiB)",
    "error of the simulation",
    "reserved, simulated (MiB)",
    "reserved, measured (MiB)",
)
MEASURED_BY = "blvbench run gpu --store FILE"  # on a machine with a GPU


@dataclass(frozen=True)
class PeakPrediction:
    """A simulated peak, and the measurement of the same peak."""

    simulated: Measurement
    measured: Measurement

    @property
    def error(self) -> float:
        """The relative error of the simulation: positive if it is too large."""
        return self.simulated.value / self.measured.value - 1

    @property
    def is_bounded(self) -> bool:
        """Whether the error should be at most `MAX_ERROR`: for large training steps on CUDA.

        A compiled step is exempt: it keeps fewer tensors than the simulated operators.
        """
        measured = self.measured
        return (
            measured.instrument == "cuda"
            and measured.point.mode == "train"
            and measured.point.execution == "eager"
            and measured.value > LARGE_BYTES
        )


@dataclass(frozen=True)
class PredictionSection:
    """The predictions for one machine and instrument, and a sentence about their errors.

    `beyond` lists the points whose errors exceed the bound.
    """

    machine: str
    instrument: str
    finding: str
    beyond: tuple[str, ...]
    table: Table


def build_predictions(measurements: Sequence[Measurement]) -> tuple[PredictionSection, ...]:
    """A section for each machine and instrument that measured peaks which are simulated too."""
    index = Index(measurements)
    groups: dict[tuple[str, str], list[PeakPrediction]] = {}
    for m in measurements:
        if m.quantity == "memory" and m.status == "ok" and m.machine and m.value:
            simulated = index.find(SIMULATED, m.point)
            if simulated and simulated.status == "ok":
                peak = PeakPrediction(simulated, m)
                groups.setdefault((m.machine, m.instrument), []).append(peak)
    return tuple(
        PredictionSection(
            machine, instrument, _finding(peaks, instrument), _beyond(peaks), _table(peaks)
        )
        for (machine, instrument), peaks in sorted(groups.items())
    )


def _table(peaks: Sequence[PeakPrediction]) -> Table:
    return Table(
        f"{count_text(len(peaks), 'point')} simulated and measured",
        HEADINGS,
        tuple(
            (
                *point_cells(peak.measured.point),
                _mib_cell(peak.simulated.value),
                _mib_cell(peak.measured.value),
                Cell(f"{peak.error:+.1%}", peak.error),
                _mib_cell(peak.simulated.reserved_bytes),
                _mib_cell(peak.measured.reserved_bytes),
            )
            for peak in sorted(peaks, key=lambda p: (-abs(p.error), p.measured.point.sort_key))
        ),
    ).compact()


def _finding(peaks: Sequence[PeakPrediction], instrument: str) -> str:
    """The number of predictions within the bound; on a CPU, why there is no bound."""
    largest = max(peaks, key=lambda peak: abs(peak.error))
    worst = f"The largest error of all points is {largest.error:+.1%}: {largest.measured.point}."
    if instrument != "cuda":
        return (
            f"The bound of {MAX_ERROR:.0%} applies to CUDA only: resident memory includes the "
            f"workspaces of libraries and freed tensors that the allocator keeps. {worst}"
        )
    bounded = sum(peak.is_bounded for peak in peaks)
    if not bounded:
        return (
            f"The bound of {MAX_ERROR:.0%} applies to training points over 1 GiB; there are none. "
            f"{worst}"
        )
    within = bounded - len(_beyond(peaks))
    return (
        f"{within} of {bounded} training points over 1 GiB are within {MAX_ERROR:.0%} of the "
        f"measured peak. {worst}"
    )


def _beyond(peaks: Sequence[PeakPrediction]) -> tuple[str, ...]:
    beyond = [peak for peak in peaks if peak.is_bounded and abs(peak.error) > MAX_ERROR]
    ordered = sorted(beyond, key=lambda peak: -abs(peak.error))
    return tuple(f"{peak.measured.point}: {peak.error:+.1%}" for peak in ordered)


def _mib_cell(size_bytes: int | float | None) -> Cell:
    return NOT_MEASURED if size_bytes is None else Cell(format_mib(size_bytes), size_bytes)
