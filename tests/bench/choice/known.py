"""Known costs and accuracies for tests of a choice."""

from typing import Any

from bench.choice.accuracies import Accuracy
from bench.choice.budget import Candidates, Trials
from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Point
from suites import Protocol
from tests.records import measurement

MACS, PARAMS = "macs:flop_counter", "params:shapes"
MEMORY, LATENCY = "memory:simulated", "latency:cpu"

# MACs of one frame in G, at 224 pixels and without the classifier.
FRAME_GMACS: dict[tuple[str, int | None], float] = {
    ("tsn", 50): 4.087,
    ("tsn", 101): 7.799,
    ("tsm", 50): 4.087,
    ("tsm", 101): 7.799,
    ("tam", 50): 4.104,
    ("tam", 101): 7.827,
    ("i3d_resnet", 50): 8.022,
    ("i3d_resnet", 101): 15.664,
    ("blvnet_tam", 50): 1.490,
    ("blvnet_tam", 101): 2.009,
}


def cost(label: str, point: Point, *samples: float, **fields: Any) -> Measurement:
    """The cost of `point` by the instrument `label`."""
    instrument = find_instrument(label)
    defaults = {
        "quantity": instrument.quantity,
        "instrument": instrument.name,
        "unit": instrument.unit,
        "samples": samples,
    }
    return measurement(instrument.canonical(point), **{**defaults, **fields})


def costs_by_frames(base: Point, values: dict[int, float], label: str = MACS) -> list[Measurement]:
    """The costs of `base` at each number of frames in `values`."""
    return [
        cost(label, base.model_copy(update={"frames": frames}), value)
        for frames, value in values.items()
    ]


def frame_trials(base: Point, *tried: int, end: str = "the end") -> Trials:
    """Trials of some frames, among 1 to 64."""
    return Trials(Candidates(base, "frames", range(1, 65), end), tried)


def accuracy(point: Point, top1: float, **fields: Any) -> Accuracy:
    """A published top-1 of `point` on the data set `d`, by one view."""
    defaults: dict[str, Any] = {
        **point.model_dump(include={"network", "depth", "frames", "num_classes"}),
        "protocol": Protocol(1, 1, point.input_size),
        "options": point.options,
        "dataset": "d",
        "top1": top1,
        "kind": "published",
        "source": "s",
    }
    return Accuracy(**{**defaults, **fields})
