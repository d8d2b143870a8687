"""Records of evaluations: an accuracy, stored under an identity with its weights and protocol."""

from bench.instruments.reading import Reading
from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Point
from bench.records.store import Store
from bench.runs.tasks import Task


def record_evaluation(point: Point, reading: Reading, store: Store | None = None) -> Measurement:
    """The measurement of an evaluation; `store` keeps it if there is one."""
    task = Task(point, find_instrument("accuracy:evaluated"))
    measurement = task.record(reading)
    if store is not None:
        store.put(task.identity_with(measurement.settings), measurement)
    return measurement
