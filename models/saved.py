"""Our own checkpoints: safetensors that know which network they are of."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.checkpoint import fill, match, own_weights
from models.errors import CheckpointError, NetworkError
from models.registry import CONFIGURATION, Configuration, create_model
from models.weights_file import read_weights, shown

if TYPE_CHECKING:
    from torch import nn

FORMAT = "blvbench"  # the metadata entry that holds the format version and the configuration
FORMAT_VERSION = 1  # 1: the configuration of the network


def save_checkpoint(model: "nn.Module", path: str | Path) -> None:
    """Write a network of `create_model` as safetensors, with its configuration in the metadata.

    Raises `NetworkError` for a network without one, or whose weights are no longer those of its
    configuration, and where the file cannot be written; a file that was there is then as it was.
    """
    import torch

    configuration = configuration_of(model)
    with torch.device("meta"):
        report, _ = match(_build(asdict(configuration)), Path(path), own_weights(model))
    if not report.is_complete:  # as when its classifier was replaced
        raise NetworkError(
            f"{report.first_offence()}: the network was changed since create_model built it"
        )
    content = {"format": FORMAT_VERSION, "configuration": asdict(configuration)}
    _write(model, Path(path), {FORMAT: json.dumps(content)})


def configuration_of(model: "nn.Module") -> Configuration:
    """What `create_model` built `model` as; raises `NetworkError` for any other module."""
    configuration = getattr(model, CONFIGURATION, None)
    if not isinstance(configuration, Configuration):
        raise NetworkError("only a network that create_model built can be saved with its name")
    return configuration


def save_weights(model: "nn.Module", path: str | Path) -> None:
    """Write the weights of any network as safetensors, for `load_checkpoint` into one like it.

    Raises `NetworkError` where the file cannot be written; one that was there is then as it was.
    """
    _write(model, Path(path), {})


def _write(model: "nn.Module", path: Path, metadata: dict[str, str]) -> None:
    from safetensors.torch import save

    state = {
        name: tensor.detach().cpu().contiguous() for name, tensor in own_weights(model).items()
    }
    data = save(state, metadata=metadata)
    partial = path.parent / f".{path.name}.partial"
    try:
        try:
            partial.write_bytes(data)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise NetworkError(f"{path}: cannot be written ({error.strerror}): give another") from error


def load_model(path: str | Path) -> "nn.Module":
    """Build the network that `save_checkpoint` wrote to `path`, with its weights, on the CPU.

    Its weights are of the type that they were saved as, where they share one.

    Raises `CheckpointError` for another kind of file.
    """
    import torch

    path = Path(path)
    weights = read_weights(path)
    configuration = _saved_configuration(path)
    try:
        with torch.device("meta"):  # what the file asks for is built only if its weights fit
            report, values = match(_build(configuration), path, weights)
    except Exception as error:  # builders raise whatever they stumble over
        reason = shown(str(error).partition("\n")[0])
        raise CheckpointError(f"{path}: names a network that cannot be built: {reason}") from error
    if not report.is_complete:
        raise CheckpointError(
            f"{report.first_offence()}: the file is not of the network that it names", report
        )
    model = _build(configuration)
    types = {value.dtype for value in values.values() if value.is_floating_point()}
    if len(types) == 1:
        model.to(types.pop())
    fill(model, values)
    return model


def _build(configuration: Mapping[str, Any]) -> "nn.Module":
    arguments = {**configuration}
    return create_model(arguments.pop("network"), **arguments.pop("options"), **arguments)


def _saved_configuration(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    foreign = CheckpointError(
        f"{path}: was not saved by save_checkpoint: build the network and use load_checkpoint"
    )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        content = json.loads(metadata[FORMAT])
        version, configuration = content["format"], content["configuration"]
    except (OSError, SafetensorError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise foreign from error
    if version != FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: is of format {version!r:.20}: load it with a newer blvbench"
        )
    known = {field.name for field in fields(Configuration)}
    if not isinstance(configuration, dict) or configuration.keys() != known:
        raise foreign
    if not isinstance(configuration["options"], dict):
        raise foreign
    return configuration
