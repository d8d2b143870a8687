"""Entries for tests of the gate, with everything that a test does not care about filled in."""

from typing import Any

from bench.gate.entry import Entry
from bench.records.measurement import Reference
from tests.records import point

TSN_SECONDS = 2.0


def entry(*samples: float, **fields: Any) -> Entry:
    """An entry of MACs of TSN, unless said otherwise."""
    defaults: dict[str, Any] = {
        "quantity": "macs",
        "instrument": "flop_counter",
        "unit": "MACs",
        "point": None if "benchmark" in fields else point(),
        "samples": samples,
        "conditions": {"torch": "2.15"},
    }
    return Entry(**{**defaults, **fields})


def seconds(*ratios: float, **fields: Any) -> Entry:
    """Processor time, given by its ratios to a TSN's that was timed in turn."""
    beside = Reference(point=point(), samples=(TSN_SECONDS,) * len(ratios))
    samples = [ratio * TSN_SECONDS for ratio in ratios]
    timed: dict[str, Any] = {"quantity": "cpu_time", "instrument": "process", "unit": "seconds"}
    return entry(
        *samples, **{**timed, "reference": beside, "point": point(network="tam"), **fields}
    )


def around(middle: float, count: int = 9) -> tuple[float, ...]:
    """Samples around a median, each another number, within 1 % of it."""
    return tuple(middle * (1 + (number - count // 2) / 500) for number in range(count))
