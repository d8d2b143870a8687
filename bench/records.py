"""What is measured and what came out: points, environments and measurements, all frozen."""

import statistics
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    PlainSerializer,
    model_validator,
)

from bench.errors import BenchError

Count = Annotated[int, Field(ge=1)]
Scalar = bool | int | FiniteFloat | str
Status = Literal["ok", "unsupported", "failed"]
Mode = Literal["train", "infer"]


class Record(BaseModel):
    """A frozen record without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _sorted_pairs(value: Any) -> Any:
    return tuple(sorted(value.items())) if isinstance(value, dict) else value


Options = Annotated[
    tuple[tuple[str, Scalar], ...],
    BeforeValidator(_sorted_pairs),
    PlainSerializer(dict, return_type=dict[str, Scalar]),
]


class Point(Record):
    """One configuration of one network; `input_size` is the side of a frame in pixels.

    `depth` is None for a network that comes in one depth.
    """

    network: str
    depth: Count | None = None
    frames: Count
    batch: Count = 1
    mode: Mode = "infer"
    input_size: Count = 224
    num_classes: Count = 174
    options: Options = ()

    @property
    def clip_shape(self) -> tuple[int, int, int, int, int]:
        """(N, C, T, H, W)."""
        return (self.batch, 3, self.frames, self.input_size, self.input_size)

    @property
    def sort_key(self) -> tuple[Any, ...]:
        """What puts points into the order of a report."""
        options = tuple((name, str(value)) for name, value in self.options)
        sizes = (self.input_size, self.num_classes, self.frames, self.batch)
        return (self.network, self.depth or 0, options, *sizes, self.mode)

    def __str__(self) -> str:
        depth = "" if self.depth is None else f" depth {self.depth}"
        options = "".join(f" {name}={value}" for name, value in self.options)
        return (
            f"{self.network}{depth}{options}, {self.frames} frames, "
            f"batch {self.batch}, {self.mode}, {self.input_size} px"
        )


class Environment(Record):
    """Where a measurement was made: the machine, and the versions of what could change a figure."""

    python: str
    system: str
    processor: str
    cores: int
    memory_bytes: int
    packages: dict[str, str]


class CodeVersion(Record):
    """Fingerprints of the source that a figure comes from."""

    network: str
    instrument: str


class Reference(Record):
    """What was measured in turn with a point, sample by sample, so that the two compare."""

    point: Point
    samples: tuple[int | float, ...]


def median_ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median of the ratios of samples that were measured in turn."""
    return statistics.median(a / b for a, b in zip(over, under, strict=True))


class Measurement(Record):
    """A quantity of a point, as one instrument gave it: raw samples, or the reason there are none.

    `details` holds the instrument's own breakdown (MACs by operator, bytes by kind).
    """

    quantity: str
    instrument: str
    status: Status
    unit: str
    samples: tuple[int | float, ...] = ()
    reference: Reference | None = None
    reason: str = ""
    point: Point
    details: dict[str, dict[str, int]] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    code: CodeVersion
    environment: Environment
    measured_at: str

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.status == "ok") != bool(self.samples):
            raise ValueError("a measurement has samples where its status is ok, and only there")
        if self.status != "ok" and not self.reason:
            raise ValueError("a measurement that is not ok gives a reason")
        beside = self.reference.samples if self.reference else self.samples
        if len(beside) != len(self.samples):
            raise ValueError("a reference has a sample for each sample")
        if any(not 0 <= sample < float("inf") for sample in (*self.samples, *beside)):
            raise ValueError("a sample is a finite number of at least 0")
        datetime.fromisoformat(self.measured_at)
        return self

    @property
    def value(self) -> int | float:
        """The median sample; raises `BenchError` where the status is not ok."""
        if self.status != "ok":
            raise BenchError(f"{self.quantity} of {self.point} is {self.status}: {self.reason}")
        return statistics.median(self.samples)

    @property
    def saving(self) -> float:
        """How many times more its reference needs: the median of the samples' ratios.

        Raises `BenchError` where there is no reference, or nothing was measured.
        """
        if self.reference is None or not all(self.samples):
            raise BenchError(f"{self.quantity} of {self.point} has no reference to compare with")
        return median_ratio(self.reference.samples, self.samples)

    def as_json(self) -> dict[str, Any]:
        """The record as JSON types, with its `value` where it has one."""
        data = self.model_dump(mode="json")
        return {**data, "value": self.value} if self.status == "ok" else data
