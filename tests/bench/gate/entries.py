"""Entries for tests of the gate, with defaults for the fields that a test does not set."""

from typing import Any

from bench.gate.entry import Entry
from bench.records.measurement import Reference
from tests.records import point

TSN_SECONDS = 2.0


def entry(*samples: float, **fields: Any) -> Entry:
    """An entry, by default of the MACs of TSN."""
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
    """An entry of processor time, given by its ratios to a TSN that was timed in turn."""
    reference = Reference(point=point(), samples=(TSN_SECONDS,) * len(ratios))
    samples = [ratio * TSN_SECONDS for ratio in ratios]
    defaults: dict[str, Any] = {
        "quantity": "cpu_time",
        "instrument": "process",
        "unit": "seconds",
        "reference": reference,
        "point": point(network="tam"),
    }
    return entry(*samples, **{**defaults, **fields})


def around(middle: float, count: int = 9) -> tuple[float, ...]:
    """Different samples within 1 % of their median."""
    return tuple(middle * (1 + (number - count // 2) / 500) for number in range(count))
