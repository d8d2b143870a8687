"""A point: the configuration of a network to which a figure belongs."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from bench.records.record import Record, Scalar
from bench.text import Text
from bench.wording import count_text
from suites.fields import Count, Execution, MemoryFormat, Mode, Precision, Seed
from suites.step import DEFAULT_STEP, StepOptions

Device = Literal["cpu", "cuda"]


def _sorted_pairs(value: Any) -> Any:
    return tuple(sorted(value.items())) if isinstance(value, dict) else value


FORMULATION = "formulation"  # the option that says how a network is computed

Options = Annotated[
    tuple[tuple[Text, Scalar], ...],
    BeforeValidator(_sorted_pairs),
    PlainSerializer(dict, return_type=dict[str, Scalar]),
]


class Point(Record):
    """One configuration of one network; `input_size` is the side of a frame in pixels.

    `depth` is None for a network that comes in one depth. `precision` is that of autocast, and of
    multiplications in float32. `memory_format` is that of the weights and the clip; `default`
    keeps the format in which the network is built. `step` is how it is trained; only
    costs of training depend on it. `dataset` is the data set for training and testing, `seed` the
    seed of the training run; only accuracies depend on these two.
    """

    network: Text
    depth: Count | None = None
    frames: Count
    batch: Count = 1
    mode: Mode = "infer"
    input_size: Count = 224
    num_classes: Count = 174
    precision: Precision = "fp32"
    execution: Execution = "eager"
    memory_format: MemoryFormat = "default"
    options: Options = ()
    step: StepOptions = DEFAULT_STEP
    dataset: Text = ""
    seed: Seed = 0

    @model_serializer(mode="wrap")
    def _without_default_step(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The fields; a step only where it is not the default, as in records from before it."""
        fields: dict[str, Any] = write(self)
        if self.step == DEFAULT_STEP:
            fields.pop("step", None)
        return fields

    @property
    def clip_shape(self) -> tuple[int, int, int, int, int]:
        """(N, C, T, H, W)."""
        return (self.batch, 3, self.frames, self.input_size, self.input_size)

    @property
    def sort_key(self) -> tuple[Any, ...]:
        """Sorts points into the order of a report."""
        return (
            self.network,
            self.depth or 0,
            tuple((name, str(value)) for name, value in self.options),
            self.input_size,
            self.num_classes,
            self.frames,
            self.batch,
            self.mode,
            self.precision,
            self.execution,
            self.memory_format,
            str(self.step),
            self.dataset,
            self.seed,
        )

    @property
    def variant_label(self) -> str:
        """The network with its depth and options."""
        depth = "" if self.depth is None else f" depth {self.depth}"
        options = "".join(f" {name}={value}" for name, value in self.options)
        return f"{self.network}{depth}{options}"

    @property
    def network_label(self) -> str:
        """The network with its depth and options, and its frames."""
        return f"{self.variant_label}, {count_text(self.frames, 'frame')}"

    def __str__(self) -> str:
        default = {name: field.default for name, field in type(self).model_fields.items()}
        parts = [self.network_label, f"batch {self.batch}", self.mode, f"{self.input_size} px"]
        if self.num_classes != default["num_classes"]:
            parts.append(count_text(self.num_classes, "class", "classes"))
        for name in ("precision", "execution", "memory_format"):
            if getattr(self, name) != default[name]:
                parts.append(getattr(self, name).replace("_", "-"))
        if self.step != DEFAULT_STEP:
            parts.append(str(self.step))
        if self.dataset:
            parts.append(f"{self.dataset}, seed {self.seed}")
        return ", ".join(parts)


def options_text(options: Sequence[tuple[str, object]]) -> str:
    """Options as a table shows them."""
    return " ".join(f"{name}={value}" for name, value in options)


def accuracy_options(options: Options) -> Options:
    """The options that affect accuracy: all but the formulation, which affects only costs."""
    return tuple((name, value) for name, value in options if name != FORMULATION)
