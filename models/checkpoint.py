"""Load the weights of other people's files into a network, with a report on every key."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from models.arrangements import evaluate, sources, substitute
from models.errors import CheckpointError, NetworkError
from models.layouts import (
    ADDED,
    VIDEO_ONLY,
    Layout,
    best_layout,
    foreign_part,
    library_of,
    without_inner_wrappers,
)
from models.registry import CONFIGURATION, Configuration, Network, get_network
from models.weights_file import read_weights

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

COUNTER = "num_batches_tracked"  # of a batch norm; files of PyTorch before 0.4.1 have none
TIME_AXIS = 2  # of a three-dimensional kernel: outputs x inputs x T x H x W

FIXED_ERROR = 1e-3  # of numbers up to 1, in fp16; values that were learned differ by more

MAX_NAMES = 5  # in a report in one line

Classifier = Literal["load", "replace"]


@dataclass(frozen=True)
class LoadReport:
    """The outcome for every weight of a file and of the network that it was loaded into.

    `loaded`, `unexpected`, `left_out` and `inflated` (the part of `loaded` that was repeated along
    time) have the file's names, and so have `missing` and `mismatched`. A mismatch also has the
    shape in the file and in the network, or the types if only one of them is floating-point. `kept`
    has the network's own names of the weights that stay unchanged: a replaced classifier, and those
    that the file's kind of network cannot have. `differing` are the options that the file's network
    has by its layout, where this one has others: the name, its value there and here. `unread` are
    the names of what the file holds beside its weights.
    """

    path: Path
    loaded: tuple[str, ...]
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    mismatched: tuple[tuple[str, object, object], ...] = ()
    left_out: tuple[str, ...] = ()
    inflated: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    differing: tuple[tuple[str, object, object], ...] = ()
    classifier: Classifier = "load"
    unread: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether every weight of the file and of the network is accounted for."""
        return not (self.missing or self.unexpected or self.mismatched or self.differing)

    def __str__(self) -> str:
        """One line: how many weights were loaded, and how many were not, by reason."""
        parts = [f"{len(self.loaded)} loaded"]
        for name in ("inflated", "missing", "unexpected", "mismatched", "left_out", "kept"):
            count = len(getattr(self, name))
            if count:
                parts.append(f"{count} {name.replace('_', ' ')}")
        if self.classifier == "replace":
            parts.append("the classifier is the network's own")
        if self.unread:
            more = len(self.unread) - MAX_NAMES
            end = f" and {more} more" if more > 0 else ""
            parts.append(f"left unread: {', '.join(self.unread[:MAX_NAMES])}{end}")
        return f"{self.path}: {', '.join(parts)}"

    def first_error(self) -> str:
        """One line: the file, the first key that is wrong, and the number of other wrong keys."""
        if self.mismatched:
            key, theirs, ours = self.mismatched[0]
            what = f"{key!r:.120} is {theirs} in the file and {ours} in the network"
        elif self.differing:
            option, theirs, ours = self.differing[0]
            return f"{self.path}: is of a network with {option}={theirs}, this one has {ours}"
        elif self.missing:
            what = f"{self.missing[0]!r:.120} is missing"
        else:
            what = f"{self.unexpected[0]!r:.120} is not a weight of this network"
        wrong = len(self.mismatched) + len(self.missing) + len(self.unexpected)
        more = f" (and {wrong - 1} other wrong keys)" if wrong > 1 else ""
        return f"{self.path}: {what}{more}"


def load_checkpoint(
    model: "nn.Module",
    path: str | Path,
    *,
    classifier: Classifier = "load",
) -> LoadReport:
    """Load a file of this network's weights: ours, or one that its authors published.

    The names may follow any layout of the network, with or without what wrappers put before them,
    such as `module.`. With `classifier="replace"` the network keeps its own classifier and the
    file's is ignored. Raises `CheckpointError`, with the report as `report`, unless every weight of
    the file and of the network is accounted for; the network is then unchanged.
    """
    if classifier not in ("load", "replace"):
        raise NetworkError(f"classifier is 'load' or 'replace', not {classifier!r}")
    return _load(model, Path(path), classifier, from_image=False)


def load_image_checkpoint(model: "nn.Module", path: str | Path) -> LoadReport:
    """Start a video network from the weights of its image network, such as ImageNet's.

    The image network is the backbone of `tsn`, `tsm` and `tam`, a ResNet for `c2d`, `slowonly`,
    `i3d_3x1x1`, `i3d_resnet` and `s3d_resnet`, an Inception-v1 for `i3d` and `s3d`, a bLResNet for
    `tsn_blnet` and the bLVNets, an image UniFormer for `uniformer`. In three dimensions, kernels
    are repeated along time; those of UniFormer and SlowFast are divided by its length, others are
    not, as their authors do. The classifier and the weights that only a video network has stay
    unchanged. Raises `CheckpointError` as `load_checkpoint` does.
    """
    return _load(model, Path(path), "replace", from_image=True)


def match(
    model: "nn.Module",
    path: Path,
    weights: "Mapping[str, Tensor]",
    *,
    classifier: Classifier = "load",
    from_image: bool = False,
) -> "tuple[LoadReport, dict[str, Tensor]]":
    """Compare `weights` with `model`: the report, and by our names the values that fit.

    Nothing is loaded; `model` may be on the meta device.
    """
    network, ours = network_of(model), model.state_dict()
    by_name = {without_inner_wrappers(name): name for name in weights}
    layout = best_layout(network.layouts if network else (), ours, by_name)
    own_classifier = _classifier(network, ours) if classifier == "replace" else set()
    kept = own_classifier | _absent_by_kind(ours, weights, from_image=from_image)
    renamed = {name: layout.rename(name) for name in ours}
    expected = {n: substitute(theirs, by_name) for n, theirs in renamed.items() if n not in kept}
    wanted = {name: sources(theirs) for name, theirs in expected.items()}
    found = {
        name: _unfold(evaluate(expected[name], weights), ours[name].shape)
        for name, theirs in wanted.items()
        if all(source in weights for source in theirs)
    }
    if from_image:
        found = {
            name: _inflate(value, ours[name].shape, layout.averages)
            for name, value in found.items()
        }
    differences = {name: _difference(value, ours[name]) for name, value in found.items()}
    values = {name: value for name, value in found.items() if not differences[name]}
    replaced = {substitute(renamed[name], by_name) for name in own_classifier}
    fixed = {
        name: _difference_of_fixed(weights[name], tensor)
        for name, tensor in layout.fixed_tensors(model).items()
        if name in weights
    }
    known = dict.fromkeys(chain(*wanted.values()))
    copies = {layout.name_of_copy(name) for name in (*known, *replaced)}
    unused = replaced | fixed.keys() | copies
    others = [name for name in weights if name not in known]
    left_out = [
        name for name in others if name in unused or layout.ignores(name) or ADDED.search(name)
    ]
    mismatched = {expected[name]: pair for name, pair in differences.items()} | fixed
    report = LoadReport(
        path=path,
        loaded=tuple(dict.fromkeys(chain(*(wanted[name] for name in values)))),
        missing=tuple(name for name in known if name not in weights),
        unexpected=tuple(name for name in others if name not in left_out),
        mismatched=tuple((name, *pair) for name, pair in mismatched.items() if pair),
        left_out=tuple(left_out),
        inflated=tuple(
            expected[name]
            for name, value in values.items()
            if from_image and value.dim() > weights[wanted[name][0]].dim()
        ),
        kept=tuple(name for name in ours if name in kept),
        differing=_differing(model, layout),
        classifier=classifier,
    )
    return report, values


def _absent_by_kind(
    ours: "Mapping[str, Tensor]", weights: "Mapping[str, Tensor]", *, from_image: bool
) -> set[str]:
    """Our names of the weights that the file's kind of network cannot have."""
    # A file has all counters of its batch norms, or is too old to have any.
    has_counters = any(name.endswith(COUNTER) for name in weights)
    return {
        name
        for name in ours
        if (not has_counters and name.endswith(COUNTER)) or (from_image and VIDEO_ONLY.search(name))
    }


def _differing(model: "nn.Module", layout: Layout) -> tuple[tuple[str, object, object], ...]:
    """The options that `layout` is of and `model` does not have: name, value there and here."""
    network, configuration = network_of(model), getattr(model, CONFIGURATION, None)
    if network is None or not isinstance(configuration, Configuration):
        return ()
    options = {**network.options, **configuration.options}
    pairs = ((name, theirs, options[name]) for name, theirs in layout.options)
    return tuple(pair for pair in pairs if pair[1] != pair[2])


def _unfold(value: "Tensor", shape: "torch.Size") -> "Tensor":
    """A linear layer's weight as that of a convolution over one position, if that gives `shape`."""
    is_pointwise = value.dim() == 2 and shape[2:] == (1,) * len(shape[2:])
    return value.reshape(shape) if is_pointwise and value.shape == shape[:2] else value


def _inflate(value: "Tensor", shape: "torch.Size", averages: bool) -> "Tensor":
    """An image network's kernel repeated along time, if that gives `shape`; else `value`.

    If it `averages`, the repetitions add up to the kernel.
    """
    if len(shape) != 5 or value.shape != (*shape[:TIME_AXIS], *shape[TIME_AXIS + 1 :]):
        return value
    kernel = value / shape[TIME_AXIS] if averages else value
    return kernel.unsqueeze(TIME_AXIS).expand(shape)


def _difference(theirs: "Tensor", ours: "Tensor") -> tuple[object, object] | None:
    """The two shapes, or the two types if only one is floating-point; None if the values fit."""
    if theirs.shape != ours.shape:
        return tuple(theirs.shape), tuple(ours.shape)
    if theirs.is_floating_point() != ours.is_floating_point():
        return theirs.dtype, ours.dtype
    return None


def _difference_of_fixed(theirs: "Tensor", ours: "Tensor") -> tuple[object, object] | None:
    """As `_difference`, for a tensor of the file that our network computes."""
    import torch

    if difference := _difference(theirs, ours):
        return difference
    are_equal = ours.is_meta or torch.allclose(theirs.float(), ours.float(), atol=FIXED_ERROR)
    return None if are_equal else ("learned", "fixed")


def own_weights(model: "nn.Module") -> "dict[str, Tensor]":
    """The weights of `model`; raises `NetworkError` if it is on the meta device."""
    weights = model.state_dict()
    if any(tensor.is_meta for tensor in weights.values()):
        raise NetworkError("a network on the meta device has no weights: build it on the CPU")
    return weights


def network_of(model: "nn.Module") -> Network | None:
    """The registered network of a `model` that `create_model` built, None for any other module."""
    configuration = getattr(model, CONFIGURATION, None)
    return get_network(configuration.network) if isinstance(configuration, Configuration) else None


def _classifier(network: Network | None, ours: Mapping[str, object]) -> set[str]:
    if network is None:
        raise NetworkError(
            "the classifier layer is known only for networks that create_model built: load the "
            "whole file, or build the network with create_model"
        )
    return {name for name in ours if name.startswith(f"{network.classifier}.")}


def _load(
    model: "nn.Module", path: Path, classifier: Classifier, *, from_image: bool
) -> LoadReport:
    own_weights(model)
    file = read_weights(path)
    weights = file.weights
    report, values = match(model, path, weights, classifier=classifier, from_image=from_image)
    report = replace(report, unread=file.unread)
    if not report.is_complete:
        raise CheckpointError(f"{report.first_error()}: {_advice(model, report, weights)}", report)
    fill(model, values)
    return report


def fill(model: "nn.Module", values: "Mapping[str, Tensor]") -> None:
    """Copy the values that `match` returned into the weights of `model`."""
    import torch

    ours = model.state_dict()
    with torch.no_grad():
        for name, value in values.items():
            ours[name].copy_(value)


def _advice(model: "nn.Module", report: LoadReport, weights: "Mapping[str, Tensor]") -> str:
    """What to do to load the file."""
    path, network = report.path, network_of(model)
    if report.differing and not report.mismatched:
        return f"build it with {report.differing[0][0]}={report.differing[0][1]}"
    if network:
        if match(model, path, weights, classifier="replace")[0].is_complete:
            return "build it with the file's classes, or load with classifier='replace'"
        if match(model, path, weights, classifier="replace", from_image=True)[0].is_complete:
            return "the file has an image network: use load_image_checkpoint"
    return _advice_by_names(network, report, library_of(weights))


def _advice_by_names(network: Network | None, report: LoadReport, library: str | None) -> str:
    if part := foreign_part(report.unexpected):
        return f"the file is of a network with {part}: give one of a network without"
    if library and network and library in network.differing:
        return f"{library}'s {network.name} is another network: {network.differing[library]}"
    if library:
        return (
            f"its names are those of {library}, in a layout that is not known for this network: "
            "build the network that was saved in the file, or rename the keys"
        )
    return "build the network that was saved in the file"
