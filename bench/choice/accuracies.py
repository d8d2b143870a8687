"""Known accuracies of networks: published, and measured in a store."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import models
from bench.errors import BenchError
from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.records.point import Options, Point
from suites import PublishedRow

FORMULATION = "formulation"  # an option that affects costs but not accuracy


@dataclass(frozen=True)
class Accuracy:
    """A top-1 accuracy in percent on a data set, with its source.

    `clips` and the 95 % `interval` are known for measured accuracies; they are 0 and () for
    published ones. `options` do not contain the formulation, which does not affect accuracy.
    """

    network: str
    depth: int | None
    options: Options
    frames: int
    input_size: int
    num_classes: int
    dataset: str
    top1: float
    kind: Literal["published", "measured"]
    source: str
    clips: int = 0
    interval: tuple[float, ...] = ()

    def is_of(self, point: Point) -> bool:
        """Whether it is of the network of `point`, at any number of frames."""
        options = _accuracy_options(point.options)
        fields = (point.network, point.depth, options, point.input_size)
        return fields == (self.network, self.depth, self.options, self.input_size)

    def as_json(self) -> dict[str, Any]:
        """The accuracy and its source as JSON types."""
        sample = {"clips": self.clips, "interval": list(self.interval)} if self.clips else {}
        origin = {"kind": self.kind, "source": self.source, "dataset": self.dataset}
        return {"frames": self.frames, "top1": self.top1, **origin, **sample}


def known_accuracies(
    rows: Iterable[PublishedRow], measurements: Iterable[Measurement]
) -> list[Accuracy]:
    """The accuracies of all `rows`, then the newest measured one of each point and instrument."""
    newest = Index(m for m in measurements if m.is_accuracy and m.status == "ok")
    return [*map(_from_row, rows), *map(_from_measurement, newest)]


def select_dataset(accuracies: Sequence[Accuracy], dataset: str) -> list[Accuracy]:
    """The accuracies on one data set. Raises `BenchError` if there are none."""
    found = [a for a in accuracies if a.dataset == dataset]
    if not found:
        known = sorted({a.dataset for a in accuracies})
        raise BenchError(
            f"no accuracy is known on {dataset!r}{models.did_you_mean(dataset, known)}: "
            f"choose among {', '.join(known)}"
        )
    return found


def option_sets(
    accuracies: Iterable[Accuracy], input_size: int
) -> Iterator[tuple[str, int | None, Options]]:
    """The network, depth and options of each accuracy at `input_size` pixels."""
    for a in accuracies:
        if a.input_size == input_size:
            yield a.network, a.depth, a.options


def _from_row(row: PublishedRow) -> Accuracy:
    return Accuracy(
        network=row.network,
        depth=row.depth,
        options=row.options,
        frames=row.frames,
        input_size=row.input_size,
        num_classes=row.num_classes,
        dataset=row.dataset,
        top1=row.top1,
        kind="published",
        source=row.protocol,
    )


def _from_measurement(measurement: Measurement) -> Accuracy:
    point = measurement.point
    weights = measurement.settings.get("weights", f"trained here, seed {point.seed}")
    return Accuracy(
        network=point.network,
        depth=point.depth,
        options=_accuracy_options(point.options),
        frames=point.frames,
        input_size=point.input_size,
        num_classes=point.num_classes,
        dataset=point.dataset,
        top1=measurement.value,
        kind="measured",
        source=f"{measurement.label}, {weights}",
        clips=len(measurement.samples),
        interval=measurement.interval,
    )


def _accuracy_options(options: Options) -> Options:
    return tuple((name, value) for name, value in options if name != FORMULATION)
