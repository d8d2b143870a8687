"""A suite: sweeps over networks, depths, frames, batches and modes, or over published rows."""

from itertools import product
from math import prod
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import Field, model_validator

from suites.errors import SuiteError
from suites.fields import Count, Execution, MemoryFormat, Mode, Precision, Seed
from suites.published import load_published
from suites.published_row import PublishedRow
from suites.step import DEFAULT_STEP, StepOptions
from suites.toml import Items, OneOrMore, Option, Section, load_toml

FOLDER = Path(__file__).parent
# TOML files of the folder that are not suites.
CLAIMS, GATE_RULES, STAGES = "claims", "gate_rules", "stages"

# The limit of a sweep, and of all sweeps of a suite. The largest bundled suite has a few hundred
# points. Each point takes a kilobyte, and a second or more to measure.
MAX_POINTS = 100_000

T = TypeVar("T")


class Sweep(Section):
    """A sweep: every combination of its lists is a point, and `quantities` are measured at each.

    A quantity may name its instrument after a colon: `macs:fvcore`. `num_classes` and the values of
    `options` are single values or lists. Without `depths`, each network has its default depth.
    `steps` are for mode `train`. `dataset` and `seeds` are for accuracies.
    """

    networks: Items[str]
    depths: Items[Count] = ()
    frames: Items[Count]
    quantities: Items[str]
    batches: Items[Count] = (1,)
    modes: Items[Mode] = ("infer",)
    input_size: Count = 224
    num_classes: OneOrMore[Count] = 174
    precisions: Items[Precision] = ("fp32",)
    executions: Items[Execution] = ("eager",)
    memory_formats: Items[MemoryFormat] = ("default",)
    steps: Items[StepOptions] = (DEFAULT_STEP,)
    options: dict[str, OneOrMore[Option]] = Field(default_factory=dict)
    dataset: str = ""
    seeds: Items[Seed] = (0,)

    @model_validator(mode="after")
    def _check_size(self) -> Self:
        if self.size > MAX_POINTS:
            raise ValueError(f"has more than {MAX_POINTS:,} figures: split it")
        return self

    @property
    def size(self) -> int:
        """The largest possible number of figures, computed without listing them."""
        lists = (self.networks, self.depth_choices, self.frames, self.batches, self.modes)
        ways = (self.class_counts, self.precisions, self.executions, self.memory_formats)
        options = map(_as_tuple, self.options.values())
        return prod(map(len, (*lists, *ways, self.steps, *options, self.seeds, self.quantities)))

    @property
    def depth_choices(self) -> tuple[int | None, ...]:
        """The depths to sweep; (None,) if each network has its default depth."""
        return self.depths or (None,)

    @property
    def class_counts(self) -> tuple[int, ...]:
        """The numbers of classes to sweep."""
        return _as_tuple(self.num_classes)

    @property
    def option_sets(self) -> tuple[dict[str, Option], ...]:
        """Every combination of the values of the options; one empty set if there are no options."""
        choices: list[tuple[Option, ...]] = [_as_tuple(value) for value in self.options.values()]
        return tuple(dict(zip(self.options, values, strict=True)) for values in product(*choices))


class PublishedSweep(Section):
    """A sweep over the clips of published rows whose network can be built.

    `clips` are those of `printed` rows, at the size for which a source prints costs, or the
    `tested` ones, which gave an accuracy, at the size of the test. Without `datasets`, the rows of
    all data sets count.
    """

    clips: Literal["printed", "tested"]
    quantities: Items[str]
    datasets: Items[str] = ()
    batches: Items[Count] = (1,)
    modes: Items[Mode] = ("infer",)

    @model_validator(mode="after")
    def _check_datasets(self) -> Self:
        known = sorted({row.dataset for row in load_published()})
        unknown = [name for name in self.datasets if name not in known]
        if unknown:
            raise ValueError(
                f"no published row is of data set {unknown[0]!r}: choose among {', '.join(known)}"
            )
        return self

    @property
    def rows(self) -> list[tuple[PublishedRow, int]]:
        """Each row, and the side of a frame of its clip in pixels."""
        chosen = [r for r in load_published() if not self.datasets or r.dataset in self.datasets]
        if self.clips == "printed":
            return [(row, row.input_size) for row in chosen]
        return [(r, r.protocol.size) for r in chosen if r.top1 is not None and r.protocol]

    @property
    def size(self) -> int:
        """The largest possible number of figures."""
        lists = (self.rows, self.batches, self.modes, self.quantities)
        return prod(map(len, lists))


class Suite(Section):
    """A suite: a title, a description, and sweeps over lists and over published rows."""

    title: str
    description: str
    sweep: Items[Sweep] = ()
    published: Items[PublishedSweep] = ()

    @model_validator(mode="after")
    def _check_size(self) -> Self:
        if not self.size:
            raise ValueError("has nothing to measure: add a [[sweep]]")
        if self.size > MAX_POINTS:
            raise ValueError(f"has more than {MAX_POINTS:,} figures: split it")
        return self

    @property
    def size(self) -> int:
        """The largest possible number of figures."""
        return sum(s.size for s in self.sweep) + sum(p.size for p in self.published)


def bundled_suites() -> dict[str, Path]:
    """The bundled suites by name."""
    others = (CLAIMS, GATE_RULES, STAGES)
    return {path.stem: path for path in sorted(FOLDER.glob("*.toml")) if path.stem not in others}


def load_suite(name: str) -> Suite:
    """Read a bundled suite by name, or any suite by the path of its file.

    Raises `SuiteError` with the file, the wrong key and the nearest known one.
    """
    bundled = bundled_suites()
    try:
        return load_toml(bundled.get(name, Path(name)), Suite)
    except SuiteError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        raise SuiteError(
            f"there is no suite {name!r} ({error.__cause__.strerror}): "
            f"choose one of {', '.join(bundled)}, or give a TOML file"
        ) from error


def _as_tuple(value: T | tuple[T, ...]) -> tuple[T, ...]:
    return value if isinstance(value, tuple) else (value,)
