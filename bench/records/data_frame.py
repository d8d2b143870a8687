"""Measurements as a table: one flat row for each."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bench.records.measurement import THREADS, Measurement
from bench.records.point import Point, options_text

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *Point.model_fields,
    "quantity",
    "instrument",
    "status",
    "unit",
    "reason",
    "machine",
    "threads",
    "warnings",
    "network_version",
    "instrument_version",
    "measured_at",
    "value",
    "interval_low",
    "interval_high",
    "dispersion",
    "reference",
    "reference_value",
    "saving",
    "saving_low",
    "saving_high",
    "reserved",
)
NUMBERS = (
    "value",
    "interval_low",
    "interval_high",
    "dispersion",
    "reference_value",
    "saving",
    "saving_low",
    "saving_high",
    "reserved",
)


def to_row(measurement: Measurement) -> dict[str, Any]:
    """The fields of a measurement and of its point by name.

    A measurement without a figure has no `value`; one with a single sample has no interval. Where
    it was taken in turn with a `reference`, the row has the reference's value in the same rounds,
    and the `saving`: how many times more the reference needs, as the median of the rounds. Peak
    memory has `reserved`: the bytes that PyTorch's allocator holds.
    """
    row = {
        **measurement.point.model_dump(exclude={"options", "step"}),
        "options": options_text(measurement.point.options),
        "step": str(measurement.point.step),
        "quantity": measurement.quantity,
        "instrument": measurement.instrument,
        "status": measurement.status,
        "unit": measurement.unit,
        "reason": measurement.reason,
        "machine": measurement.machine,
        "threads": measurement.settings.get(THREADS),
        "warnings": "; ".join(measurement.warnings),
        "network_version": measurement.code.network,
        "instrument_version": measurement.code.instrument,
        "measured_at": measurement.measured_at,
        "reserved": measurement.reserved_bytes,
    }
    if measurement.status != "ok":
        return row
    if reference := measurement.reference:
        row["reference"] = reference.point.network_label
    return {**row, "value": measurement.value, **measurement.spread, **measurement.saving_figures}


def to_frame(measurements: Iterable[Measurement]) -> "pd.DataFrame":
    """A pandas frame with a row for each measurement, and every column even without rows.

    A missing `depth` or number of `threads` is `<NA>`; a missing figure is NaN.
    """
    import pandas as pd

    frame = pd.DataFrame([to_row(m) for m in measurements], columns=COLUMNS)
    return frame.astype({"depth": "Int64", "threads": "Int64", **dict.fromkeys(NUMBERS, float)})
