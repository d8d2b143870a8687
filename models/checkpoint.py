"""Loads the weights of other people's files into a network, with a report of every key."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from models.errors import CheckpointError, NetworkError
from models.layouts import VIDEO_ONLY, best_layout
from models.registry import CONFIGURATION, Configuration, Network, get_network
from models.weights_file import read_weights

if TYPE_CHECKING:
    from torch import Tensor, nn

COUNTER = "num_batches_tracked"  # a batch norm's; files of PyTorch before 0.4.1 have none
TIME_AXIS = 2  # of a kernel of three dimensions: outputs x inputs x T x H x W

Classifier = Literal["load", "replace"]


@dataclass(frozen=True)
class LoadReport:
    """What became of every weight of a file and of the network it was loaded into.

    `loaded`, `unexpected`, `left_out` and `inflated` (a part of `loaded`, repeated along time) have
    the file's names, and so have `missing` and `mismatched`, with the file's and the network's
    shape, or type where one holds fractions and the other none. `kept` has the network's own names
    of what stays as it was: a replaced classifier, and what the file's kind of network cannot have.
    """

    path: Path
    loaded: tuple[str, ...]
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    mismatched: tuple[tuple[str, object, object], ...] = ()
    left_out: tuple[str, ...] = ()
    inflated: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    classifier: Classifier = "load"

    @property
    def is_complete(self) -> bool:
        """Whether every weight of the file and of the network is accounted for."""
        return not (self.missing or self.unexpected or self.mismatched)

    def __str__(self) -> str:
        """One line: how many weights were loaded, and how many not for which reason."""
        parts = [f"{len(self.loaded)} loaded"]
        for name in ("inflated", "missing", "unexpected", "mismatched", "left_out", "kept"):
            count = len(getattr(self, name))
            if count:
                parts.append(f"{count} {name.replace('_', ' ')}")
        if self.classifier == "replace":
            parts.append("the classifier is the network's own")
        return f"{self.path}: {', '.join(parts)}"

    def first_offence(self) -> str:
        """One line: the file, the first key that is wrong, and how many others are."""
        if self.mismatched:
            key, theirs, ours = self.mismatched[0]
            what = f"{key!r:.120} is {theirs} there and {ours} in the network"
        elif self.missing:
            what = f"{self.missing[0]!r:.120} is missing"
        else:
            what = f"{self.unexpected[0]!r:.120} is no weight of this network"
        wrong = len(self.mismatched) + len(self.missing) + len(self.unexpected)
        more = f" (and {wrong - 1} keys more are wrong)" if wrong > 1 else ""
        return f"{self.path}: {what}{more}"


def load_checkpoint(
    model: "nn.Module",
    path: str | Path,
    *,
    classifier: Classifier = "load",
) -> LoadReport:
    """Load a file of this network's weights: ours, or one that its authors published.

    The names may be those of any layout of the network, with or without `module.` before them.
    With `classifier="replace"` the network keeps its own classifier, whatever the file has. Raises
    `CheckpointError`, with the report as `report`, unless every weight of the file and of the
    network is accounted for; the network is then as it was.
    """
    if classifier not in ("load", "replace"):
        raise NetworkError(f"classifier is 'load' or 'replace', not {classifier!r}")
    return _load(model, Path(path), classifier, from_image=False)


def load_image_checkpoint(model: "nn.Module", path: str | Path) -> LoadReport:
    """Start a video network from the weights of its image network, such as ImageNet's.

    A ResNet into `tsn`, `tsm` and `tam`, an Inception-v1 where that is the backbone, a bLResNet
    into `tsn_blnet` and the bLVNets. Into three dimensions, kernels are repeated along time and not
    divided by its length, as the authors do. The classifier and what only a video network has stay
    as they were. Raises `CheckpointError` as `load_checkpoint` does.
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
    """What `weights` are to `model`: the report, and by our names the values that fit.

    Nothing is loaded; `model` may be on the meta device.
    """
    network, ours = network_of(model), model.state_dict()
    layout = best_layout(network.layouts if network else (), ours, weights)
    own_classifier = _classifier(network, ours) if classifier == "replace" else set()
    # A file has all counters of its batch norms, or is too old to have one.
    has_counters = any(name.endswith(COUNTER) for name in weights)
    kept = {
        name: layout.rename(name)
        for name in ours
        if name in own_classifier
        or (not has_counters and name.endswith(COUNTER))
        or (from_image and VIDEO_ONLY.search(name))
    }
    wanted = {name: layout.rename(name) for name in ours if name not in kept}
    values: dict[str, Tensor] = {}
    missing, inflated = [], []
    mismatched: list[tuple[str, object, object]] = []
    for name, theirs in wanted.items():
        if theirs not in weights:
            missing.append(theirs)
            continue
        value, shape = weights[theirs], tuple(ours[name].shape)
        is_flat = from_image and value.dim() == 4 and len(shape) == 5
        if is_flat:
            value = value.unsqueeze(TIME_AXIS).expand(-1, -1, shape[TIME_AXIS], -1, -1)
        if tuple(value.shape) != shape:
            mismatched.append((theirs, tuple(weights[theirs].shape), shape))
            continue
        if value.is_floating_point() != ours[name].is_floating_point():
            mismatched.append((theirs, value.dtype, ours[name].dtype))
            continue
        values[name] = value
        if is_flat:
            inflated.append(theirs)
    replaced = {kept[name] for name in own_classifier}
    known = set(wanted.values())
    others = [name for name in weights if name not in known]
    left_out = [name for name in others if name in replaced or layout.is_left_out(name)]
    report = LoadReport(
        path=path,
        loaded=tuple(wanted[name] for name in values),
        missing=tuple(missing),
        unexpected=tuple(name for name in others if name not in left_out),
        mismatched=tuple(mismatched),
        left_out=tuple(left_out),
        inflated=tuple(inflated),
        kept=tuple(kept),
        classifier=classifier,
    )
    return report, values


def own_weights(model: "nn.Module") -> "dict[str, Tensor]":
    """The weights of `model`; raises `NetworkError` on the meta device, where there are none."""
    weights = model.state_dict()
    if any(tensor.is_meta for tensor in weights.values()):
        raise NetworkError("a network on the meta device has no weights: build it on the CPU")
    return weights


def network_of(model: "nn.Module") -> Network | None:
    """The registered network that `create_model` built `model` as, None for any other module."""
    configuration = getattr(model, CONFIGURATION, None)
    return get_network(configuration.network) if isinstance(configuration, Configuration) else None


def _classifier(network: Network | None, ours: Mapping[str, object]) -> set[str]:
    if network is None:
        raise NetworkError(
            "which layer is the classifier is known of networks that create_model built: "
            "remove it from the file, or load all of it"
        )
    return {name for name in ours if name.startswith(f"{network.classifier}.")}


def _load(
    model: "nn.Module", path: Path, classifier: Classifier, *, from_image: bool
) -> LoadReport:
    own_weights(model)
    weights = read_weights(path)
    report, values = match(model, path, weights, classifier=classifier, from_image=from_image)
    if not report.is_complete:
        raise CheckpointError(f"{report.first_offence()}: {_advice(model, path, weights)}", report)
    fill(model, values)
    return report


def fill(model: "nn.Module", values: "Mapping[str, Tensor]") -> None:
    """Copy values that `match` found to fit into the weights of `model`."""
    import torch

    ours = model.state_dict()
    with torch.no_grad():
        for name, value in values.items():
            ours[name].copy_(value)


def _advice(model: "nn.Module", path: Path, weights: "Mapping[str, Tensor]") -> str:
    """What would load the file, if anything."""
    if network_of(model) is not None:
        if match(model, path, weights, classifier="replace")[0].is_complete:
            return "build it with the file's classes, or load with classifier='replace'"
        if match(model, path, weights, classifier="replace", from_image=True)[0].is_complete:
            return "the file is of an image network: use load_image_checkpoint"
    return "build the network that the file is of"
