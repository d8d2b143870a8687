"""Costs, accuracies and climbs for tests of what fits a budget."""

from typing import Any

from bench.choice.accuracies import Accuracy
from bench.choice.budget import Candidates, Trials
from bench.choice.costs import KnownCosts
from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Point
from tests.records import measurement

MACS, PARAMS = "macs:flop_counter", "params:shapes"
MEMORY, LATENCY = "memory:simulated", "latency:cpu"


def cost(label: str, where: Point, *samples: float, **fields: Any) -> Measurement:
    """What `where` costs by the instrument `label`."""
    instrument = find_instrument(label)
    given = {"quantity": instrument.quantity, "instrument": instrument.name}
    unit = {"unit": instrument.unit, "samples": samples}
    return measurement(instrument.canonical(where), **{**given, **unit, **fields})


def known_of(*costs: Measurement) -> KnownCosts:
    return KnownCosts(costs)


def over(base: Point, by_frames: dict[int, float], label: str = MACS) -> list[Measurement]:
    """What `base` costs, by its frames."""
    return [cost(label, base.model_copy(update={"frames": n}), v) for n, v in by_frames.items()]


def climb(base: Point, *tried: int, end: str = "the end") -> Trials:
    return Trials(Candidates(base, "frames", range(1, 65), end), tried)


def accuracy(where: Point, top1: float, **fields: Any) -> Accuracy:
    """A published top-1 of `where` on the data set `d`."""
    defaults: dict[str, Any] = {
        **where.model_dump(include={"network", "depth", "frames", "input_size", "num_classes"}),
        "options": where.options,
        "dataset": "d",
        "top1": top1,
        "kind": "published",
        "source": "s",
    }
    return Accuracy(**{**defaults, **fields})
