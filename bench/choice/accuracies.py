"""Known accuracies of networks: published, and measured in a store."""

import typing
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

import models
from bench.errors import BenchError
from bench.records.index import Index
from bench.records.measurement import Measurement
from bench.records.point import Options, Point, accuracy_options
from suites import Protocol, PublishedRow

UNTRAINED = "none"  # the pretraining of weights that were initialised at random
UNKNOWN = "not known"
IMAGENET = "IN1k"  # ImageNet-1k, on which most networks are pretrained


@dataclass(frozen=True)
class Accuracy:
    """A top-1 accuracy in percent on a data set, with its source.

    `protocol` is None if it is not known. `videos` and the 95 % `interval` are known for measured
    accuracies; they are 0 and () for published ones. `options` do not contain the formulation,
    which does not affect accuracy. `pretraining` is the data that weights were pretrained on, in
    the words of the source, "none", or "" if it is not known.
    """

    network: str
    depth: int | None
    options: Options
    frames: int
    protocol: Protocol | None
    num_classes: int
    dataset: str
    top1: float
    kind: Literal["published", "measured"]
    source: str
    videos: int = 0
    interval: tuple[float, ...] = ()
    pretraining: str = ""

    @property
    def has_plain_pretraining(self) -> bool:
        """Whether the weights are known to come from ImageNet-1k at most."""
        return self.pretraining in (UNTRAINED, IMAGENET)

    def is_of(self, point: Point) -> bool:
        """Whether it is of the network of `point`, at any number and size of frames."""
        fields = (point.network, point.depth, accuracy_options(point.options))
        return fields == (self.network, self.depth, self.options)

    def point(self, base: Point) -> Point:
        """The clip whose costs the accuracy has: `base` at the frames and the size of the test.

        Raises `ValueError` if the protocol is not known.
        """
        if self.protocol is None:
            raise ValueError(f"the protocol of {self.source} is not known")
        size = self.protocol.size
        return base.model_copy(update={"frames": self.frames, "input_size": size})

    def as_json(self) -> dict[str, Any]:
        """The accuracy and its source as JSON types."""
        sample = {"videos": self.videos, "interval": list(self.interval)} if self.videos else {}
        origin = {"kind": self.kind, "source": self.source, "dataset": self.dataset}
        protocol = asdict(self.protocol) if self.protocol else None
        test = {"protocol": protocol, "pretraining": self.pretraining}
        return {"frames": self.frames, "top1": self.top1, **origin, **test, **sample}


class Tested(typing.Protocol):
    """A test of a network on a data set: an accuracy, or that of a network that is not built."""

    @property
    def dataset(self) -> str:
        """The name of the data set."""

    @property
    def pretraining(self) -> str:
        """The data that the weights were pretrained on; "" if it is not known."""


T = TypeVar("T", bound=Tested)


def known_accuracies(
    rows: Iterable[PublishedRow], measurements: Iterable[Measurement]
) -> list[Accuracy]:
    """The accuracies of all `rows`, then the newest measured one of each point and instrument."""
    newest = Index(m for m in measurements if m.is_accuracy and m.status == "ok")
    published = (_from_row(row, row.top1) for row in rows if row.top1 is not None)
    return [*published, *map(_from_measurement, newest)]


def select_dataset(tests: Sequence[T], dataset: str) -> list[T]:
    """The tests on one data set. Raises `BenchError` if there are none."""
    found = [test for test in tests if test.dataset == dataset]
    if not found:
        known = sorted({test.dataset for test in tests})
        raise BenchError(
            f"no accuracy is known on {dataset!r}{models.did_you_mean(dataset, known)}: "
            f"choose among {', '.join(known)}"
        )
    return found


def select_pretraining(
    tests: Sequence[T], names: Collection[str], everywhere: Iterable[Tested] = ()
) -> list[T]:
    """The tests of weights with one of these pretrainings, in any case; all if there are none.

    "not known" names those of unknown pretraining. Raises `BenchError` for another name, with the
    data sets where `everywhere` has it.
    """
    known = {(test.pretraining or UNKNOWN).lower(): test.pretraining or UNKNOWN for test in tests}
    for name in names:
        if name.strip().lower() not in known:
            others = {test.dataset for test in everywhere if is_wanted(test.pretraining, [name])}
            where = f" (those tested on {', '.join(sorted(others))} are)" if others else ""
            raise BenchError(
                f"no network here is pretrained on {name!r} and tested on {tests[0].dataset}"
                f"{where or models.did_you_mean(name.strip().lower(), known)}: "
                f"choose among {', '.join(sorted(known.values()))}"
            )
    return [test for test in tests if is_wanted(test.pretraining, names)]


def is_wanted(pretraining: str, names: Collection[str]) -> bool:
    """Whether `names`, in any case, have a pretraining; all are wanted if there are none."""
    wanted = {name.strip().lower() for name in names}
    return not wanted or (pretraining or UNKNOWN).lower() in wanted


def option_sets(accuracies: Iterable[Accuracy]) -> Iterator[tuple[str, int | None, Options]]:
    """The network, depth and options of each accuracy."""
    for a in accuracies:
        yield a.network, a.depth, a.options


def _from_row(row: PublishedRow, top1: float) -> Accuracy:
    return Accuracy(
        network=row.network,
        depth=row.depth,
        options=row.options,
        frames=row.frames,
        protocol=row.protocol,
        num_classes=row.num_classes,
        dataset=row.dataset,
        top1=top1,
        kind="published",
        source=row.source,
        pretraining=row.pretraining,
    )


def _from_measurement(measurement: Measurement) -> Accuracy:
    point = measurement.point
    weights = measurement.settings.get("weights")
    return Accuracy(
        network=point.network,
        depth=point.depth,
        options=accuracy_options(point.options),
        frames=point.frames,
        protocol=_measured_protocol(measurement),
        num_classes=point.num_classes,
        dataset=point.dataset,
        top1=measurement.value,
        kind="measured",
        source=f"{measurement.label}, {weights or f'trained here, seed {point.seed}'}",
        videos=len(measurement.samples),
        interval=measurement.interval,
        pretraining="" if weights else UNTRAINED,
    )


def _measured_protocol(measurement: Measurement) -> Protocol:
    """The protocol in the settings of a measured accuracy; a training tests one view."""
    settings = measurement.settings
    return Protocol(
        clips=int(settings.get("views") or 1),
        crops=int(settings.get("crops") or 1),
        size=measurement.point.input_size,
        sampling=str(settings.get("sampling") or "uniform"),
    )
