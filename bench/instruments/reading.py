"""What an instrument gives back."""

from dataclasses import dataclass, field

from bench.records.measurement import Reference
from bench.records.record import Scalar


@dataclass(frozen=True)
class Reading:
    """Raw samples in the instrument's unit, its own breakdown, and warnings.

    `reference` is what was timed in turn with the point. `settings` are those that the instrument
    fixed while it measured.
    """

    samples: tuple[int | float, ...]
    details: dict[str, dict[str, int | float]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    reference: Reference | None = None
    settings: dict[str, Scalar] = field(default_factory=dict)
