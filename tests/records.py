"""Records for tests, with everything that a test does not care about filled in."""

from typing import Any

from bench.machine.environment import current_environment
from bench.records.measurement import CodeVersion, Measurement, Reference
from bench.records.point import Point
from suites import Case, Claim


def point(**fields: Any) -> Point:
    """A point; TSN at depth 50 over 8 frames unless said otherwise."""
    return Point.model_validate({"network": "tsn", "depth": 50, "frames": 8, **fields})


def tsn_reference(*samples: float) -> Reference:
    """What was measured in turn: samples of TSN at depth 50."""
    return Reference(point=point(), samples=samples)


def measurement(where: Point, **fields: Any) -> Measurement:
    """A measurement at a point; one MAC unless said otherwise."""
    defaults: dict[str, Any] = {
        "quantity": "macs",
        "instrument": "flop_counter",
        "status": "ok",
        "unit": "MACs",
        "samples": (1,),
        "point": where,
        "code": CodeVersion(network="n", instrument="i"),
        "environment": current_environment(),
        "measured_at": "2026-01-01T00:00:00+00:00",
    }
    return Measurement(**{**defaults, **fields})


def claim(**fields: Any) -> Claim:
    """A claim of TSN and TAM, that MACs are 3 times fewer, unless said otherwise."""
    defaults: dict[str, Any] = {
        "id": "c",
        "question": "q",
        "title": "t",
        "origin": "paper",
        "source": "s",
        "published": "3-4x",
        "rule": "r",
        "quantity": "macs",
        "instrument": "flop_counter",
        "numerator": {"network": "tsn"},
        "denominator": {"network": "tam"},
        "at_least": 3.0,
        "cases": [
            Case(label="depth 50", depth=50, frames=8),
            Case(label="depth 101", depth=101, frames=8),
        ],
        "measured_by": "m",
    }
    return Claim.model_validate({**defaults, **fields})
