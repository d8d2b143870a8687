"""Known accuracies of networks: published, and measured in a store."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

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


def known_accuracies(
    rows: Iterable[PublishedRow], measurements: Iterable[Measurement]
) -> list[Accuracy]:
    """The accuracies of all `rows`, then the newest measured one of each point and instrument."""
    newest = Index(m for m in measurements if m.is_accuracy and m.status == "ok")
    published = (_from_row(row, row.top1) for row in rows if row.top1 is not None)
    return [*published, *map(_from_measurement, newest)]


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


def select_pretraining(
    accuracies: Sequence[Accuracy], names: Collection[str], others: Iterable[str] = ()
) -> list[Accuracy]:
    """The accuracies of weights with one of these pretrainings, in any case; all if there are none.

    "not known" names those of unknown pretraining. Raises `BenchError` for a name that is neither
    the pretraining of an accuracy nor one of `others`, those of networks that are not built.
    """
    pretrainings = (*(a.pretraining for a in accuracies), *others)
    known = {(name or UNKNOWN).lower(): name or UNKNOWN for name in pretrainings}
    wanted = [name.strip().lower() for name in names]
    for name in wanted:
        if name not in known:
            raise BenchError(
                f"no network with an accuracy on {accuracies[0].dataset} was pretrained on "
                f"{name!r}{models.did_you_mean(name, known)}: "
                f"choose among {', '.join(sorted(known.values()))}"
            )
    return [a for a in accuracies if is_wanted(a.pretraining, names)]


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
