"""Accuracies and MACs of small networks, as records of a store."""

from bench.records.measurement import Measurement
from tests.records import measurement, point

CLIPS = 20


def trained(network: str, right: int, **fields: object) -> Measurement:
    where = {"network": network, "depth": 18, "options": {"width": 0.25}, "input_size": 64}
    learnt = {"num_classes": 16, "dataset": "arrow-of-time"}
    return measurement(
        point(**(where | learnt | fields)),
        quantity="accuracy",
        instrument="trained",
        unit="percent",
        samples=(100,) * right + (0,) * (CLIPS - right),
        details={
            "by_group": {"adjacent": 90.0, "fast": 10.0},
            "group_sizes": {"adjacent": 12, "fast": 8},
            "top5": {"percent": 99.0},
        },
        settings={"clips": "digest"},
    )


def macs(network: str, count: int, **fields: object) -> Measurement:
    where = {"network": network, "depth": 18, "options": {"width": 0.25}, "input_size": 64}
    return measurement(point(**(where | {"num_classes": 16} | fields)), samples=(count,))
