"""A measurement: a quantity of a point, with the environment and the code that measured it."""

import statistics
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from bench.errors import BenchError
from bench.records.catalogue import PERCENT, depends_on_machine, depends_on_threads
from bench.records.point import Point
from bench.records.proportions import RIGHT, WRONG, accuracy_interval
from bench.records.record import Number, Record, Scalar, Size
from bench.records.samples import dispersion, interval, median_ratio, ratios
from bench.text import Text

# Settings that must match before two accuracies are compared clip by clip.
PROTOCOL = (
    "clips",
    "answered",
    "sampling",
    "views",
    "stride",
    "crops",
    "short_side",
    "decoder",
)
THREADS = "threads"  # the setting that has the number of threads on the CPU
BUSY = "busy"  # the setting that says whether others used the machine meanwhile
REVERSED_PAIRS = "reversed_pairs"  # the setting that says whether answers are of such pairs
PAIRED_SET = "arrow-of-time"  # its answers always were, before the setting was recorded
REFERENCE_VERSION = "reference_version"  # the setting that has the version of a reference's source
MAX_SAMPLE = 1e30  # the largest sample in any unit: no real figure is larger

# oom: out of memory; timeout: stopped at the time limit; killed: the process died; lost: the job or
# the GPU was gone before there was a figure; unsupported: this machine cannot measure it, or the
# network does not take such a clip
Status = Literal["ok", "oom", "timeout", "killed", "lost", "unsupported", "failed"]


class Environment(Record):
    """The machine and the versions of the packages that a measurement was made with.

    `accelerator` is the GPU that measured; "" where the processor did.
    """

    python: Text
    system: Text
    processor: Text
    cores: Size
    memory_bytes: Size
    accelerator: Text = ""
    accelerator_memory_bytes: Size = 0
    packages: dict[Text, Text]

    @property
    def machine(self) -> str:
        """The name of the accelerator that measured, or else of the processor."""
        if self.accelerator:
            return f"{self.accelerator}, {self.accelerator_memory_bytes / 2**30:.0f} GiB"
        return f"{self.processor}, {self.cores} cores, {self.memory_bytes / 2**30:.0f} GiB"


class CodeVersion(Record):
    """Fingerprints of the source code that a figure comes from."""

    network: Text
    instrument: Text


class Reference(Record):
    """The samples of another point, taken in turn with those of the measured one."""

    point: Point
    samples: tuple[int | float, ...]

    @property
    def value(self) -> int | float:
        """The median of the samples."""
        return statistics.median(self.samples)


def threads_suffix(count: int) -> str:
    """A number of threads with its unit, behind a comma; "" for 0."""
    return f", {count} thread{'s' if count > 1 else ''}" if count else ""


def check_samples(
    status: Status, samples: tuple[int | float, ...], reference: Reference | None
) -> None:
    """Raise `ValueError` for samples that no instrument gives, or that contradict the status."""
    if (status == "ok") != bool(samples):
        raise ValueError("a measurement has samples exactly if its status is ok")
    reference_samples = reference.samples if reference else samples
    if len(reference_samples) != len(samples):
        raise ValueError("a reference has as many samples as the measurement")
    if any(not 0 <= sample <= MAX_SAMPLE for sample in (*samples, *reference_samples)):
        raise ValueError(f"a sample is a finite number of at least 0, {MAX_SAMPLE:g} at most")


class Measurement(Record):
    """A quantity of a point by one instrument: raw samples, or the reason why there are none.

    `details` is the instrument's own breakdown, such as MACs by operator. `settings` are those that
    it fixed while it measured, such as the number of threads.
    """

    quantity: Text
    instrument: Text
    status: Status
    unit: Text
    samples: tuple[int | float, ...] = ()
    reference: Reference | None = None
    reason: Text = ""
    point: Point
    details: dict[Text, dict[Text, Number]] = Field(default_factory=dict)
    settings: dict[Text, Scalar] = Field(default_factory=dict)
    warnings: tuple[Text, ...] = ()
    code: CodeVersion
    environment: Environment
    measured_at: Text

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_samples(self.status, self.samples, self.reference)
        if self.status != "ok" and not self.reason:
            raise ValueError("a measurement whose status is not ok needs a reason")
        if self.is_accuracy and not set(self.samples) <= {RIGHT, WRONG}:
            raise ValueError(f"an answer is {RIGHT} or {WRONG}")
        sizes = self.details.get("group_sizes", {}).values()
        if sizes and (sum(sizes) != len(self.samples) or min(sizes) < 1):
            raise ValueError(
                "each group needs at least one sample, and the group sizes must add up to the "
                "number of samples"
            )
        threads = self.settings.get(THREADS, 1)
        if not isinstance(threads, int) or threads < 1:
            raise ValueError("a number of threads is a whole number of at least 1")
        if self.settings.get(REVERSED_PAIRS) and not self._has_even_groups:
            raise ValueError("answers to pairs need an even number in each group")
        datetime.fromisoformat(self.measured_at)
        return self

    @property
    def label(self) -> str:
        """`quantity:instrument`."""
        return f"{self.quantity}:{self.instrument}"

    @property
    def machine(self) -> str:
        """The name of the machine that the figure depends on; "" where it depends on none."""
        return self.environment.machine if depends_on_machine(self.label) else ""

    @property
    def threads(self) -> int:
        """The number of threads that the figure depends on; 0 where it depends on none."""
        recorded = self.settings.get(THREADS, 0)
        return int(recorded) if depends_on_threads(self.label) else 0

    @property
    def platform(self) -> str:
        """The machine with the number of threads; "" where the figure depends on no machine.

        Figures of different platforms do not compare.
        """
        return f"{self.machine}{threads_suffix(self.threads)}"

    @property
    def value(self) -> int | float:
        """The median of the samples, for an accuracy their mean.

        Raises `BenchError` where there are no samples.
        """
        if self.status != "ok":
            raise BenchError(f"{self.quantity} of {self.point} is {self.status}: {self.reason}")
        middle = statistics.mean if self.is_accuracy else statistics.median
        return middle(self.samples)

    @property
    def reserved_bytes(self) -> int | float | None:
        """What PyTorch's allocator reserves for a peak memory; None for anything else."""
        return self.details.get("allocator", {}).get("reserved")

    @property
    def is_accuracy(self) -> bool:
        """Whether the samples are answers: 100 for a right one and 0 for a wrong one."""
        return self.unit == PERCENT

    @property
    def has_reversed_pairs(self) -> bool:
        """Whether each answer to a motion is followed by the answer to its reverse."""
        recorded = self.settings.get(REVERSED_PAIRS)
        if recorded is None:  # an older record: its pairs are whole if no video was left out
            is_whole = self._has_even_groups and not self.warnings
            return self.point.dataset == PAIRED_SET and is_whole
        return bool(recorded)

    @property
    def _has_even_groups(self) -> bool:
        sizes = self.details.get("group_sizes", {}).values() or (len(self.samples),)
        return not any(size % 2 for size in sizes)

    @property
    def protocol(self) -> tuple[Scalar | None, ...]:
        """The clips of an accuracy and the test settings.

        If two accuracies have the same value here, they can be compared clip by clip.
        """
        return tuple(self.settings.get(name) for name in PROTOCOL)

    def answers(self, group: str = "") -> tuple[int | float, ...]:
        """The answers to all clips, or to those of one group of classes.

        Raises `BenchError` for an unknown group.
        """
        if not group:
            return self.samples
        start = 0
        for name, size in self.details.get("group_sizes", {}).items():
            if name == group:
                return self.samples[start : start + int(size)]
            start += int(size)
        raise BenchError(f"{self.label} of {self.point} has no group {group!r}")

    @property
    def reference_measurement(self) -> "Measurement | None":
        """What was taken in turn with this measurement, as one of its own; None without any."""
        if self.reference is None:
            return None
        taken = {"point": self.reference.point, "samples": self.reference.samples}
        return self.model_copy(update={**taken, "reference": None})

    @property
    def has_saving(self) -> bool:
        """Whether there is a reference to compare with, and no sample is 0."""
        return self.reference is not None and all(self.samples)

    @property
    def saving(self) -> float:
        """How many times more the reference needs: the median ratio of the samples.

        Raises `BenchError` where there is no saving.
        """
        if self.reference is None or not self.has_saving:
            raise BenchError(f"{self.quantity} of {self.point} has no reference to compare with")
        return median_ratio(self.reference.samples, self.samples)

    @property
    def saving_interval(self) -> tuple[float, float]:
        """The 95 % interval of `saving`, for six pairs or more."""
        reference = self.reference.samples if self.reference else ()
        return interval(ratios(reference, self.samples))

    @property
    def saving_figures(self) -> dict[str, float]:
        """The value of the reference in the rounds of the samples, and the saving, by name.

        Empty where there is no saving.
        """
        if self.reference is None or not self.has_saving:
            return {}
        low, high = self.saving_interval
        return {
            "reference_value": self.reference.value,
            "saving": self.saving,
            "saving_low": low,
            "saving_high": high,
        }

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the value, for six samples or more."""
        return self.interval_of() if self.is_accuracy else interval(self.samples)

    def interval_of(self, group: str = "") -> tuple[float, float]:
        """The 95 % interval of an accuracy on all clips, or on a group of classes."""
        return accuracy_interval(self.answers(group), reversed_pairs=self.has_reversed_pairs)

    @property
    def spread(self) -> dict[str, float]:
        """The ends of the interval and, except for an accuracy, the dispersion, by name.

        Empty for a single sample.
        """
        if len(self.samples) < 2:
            return {}
        low, high = self.interval
        ends = {"interval_low": low, "interval_high": high}
        return ends if self.is_accuracy else {**ends, "dispersion": dispersion(self.samples)}

    def as_json(self) -> dict[str, Any]:
        """The record as JSON types, with its value, interval, dispersion and saving."""
        data = self.model_dump(mode="json")
        if self.status != "ok":
            return data
        derived: dict[str, Any] = {"value": self.value, **self.spread, **self.saving_figures}
        for name, ends in (("interval", "interval"), ("saving_interval", "saving")):
            if f"{ends}_low" in derived:
                derived[name] = [derived.pop(f"{ends}_low"), derived.pop(f"{ends}_high")]
        return {**data, **derived}
