"""Our own checkpoints: safetensors whose metadata say which network to build."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.checkpoint import fill, match, own_weights
from models.errors import CheckpointError, NetworkError
from models.registry import CONFIGURATION, Configuration, create_model
from models.weights_file import quote, read_weights

if TYPE_CHECKING:
    from torch import nn

FORMAT = "blvbench"  # the metadata entry that holds the format version and the configuration
FORMAT_VERSION = 1  # 1: the configuration of the network


def save_checkpoint(model: "nn.Module", path: str | Path) -> None:
    """Write a network of `create_model` as safetensors, with its configuration in the metadata.

    Raises `NetworkError` for a network without a configuration, for one whose weights no longer
    match its configuration, and if the file cannot be written; an existing file is then unchanged.
    """
    import torch

    configuration = configuration_of(model)
    with torch.device("meta"):
        report, _ = match(_build(asdict(configuration)), Path(path), own_weights(model))
    if not report.is_complete:  # for example, its classifier was replaced
        raise NetworkError(
            f"{report.first_error()}: the network was changed since create_model built it"
        )
    content = {"format": FORMAT_VERSION, "configuration": asdict(configuration)}
    _write(model, Path(path), {FORMAT: json.dumps(content)})


def configuration_of(model: "nn.Module") -> Configuration:
    """The arguments that `create_model` built `model` with; raises `NetworkError` for others."""
    configuration = getattr(model, CONFIGURATION, None)
    if not isinstance(configuration, Configuration):
        raise NetworkError(
            "only a network that create_model built has a configuration: use save_weights"
        )
    return configuration


def save_weights(model: "nn.Module", path: str | Path) -> None:
    """Write the weights of any network as safetensors; `load_checkpoint` reads them.

    Raises `NetworkError` if the file cannot be written; an existing file is then unchanged.
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
        raise NetworkError(
            f"{path}: cannot be written ({error.strerror}): give another path"
        ) from error


def load_model(path: str | Path) -> "nn.Module":
    """Build the network that `save_checkpoint` wrote to `path`, with its weights, on the CPU.

    If all saved weights share one type, the network has it. Raises `CheckpointError` for another
    kind of file.
    """
    import torch

    path = Path(path)
    weights = read_weights(path).weights
    configuration = _saved_configuration(path)
    try:
        with torch.device("meta"):  # allocate memory only after the weights are known to fit
            report, values = match(_build(configuration), path, weights)
    except Exception as error:  # a builder may raise any exception
        reason = quote(str(error).partition("\n")[0])
        raise CheckpointError(f"{path}: names a network that cannot be built: {reason}") from error
    if not report.is_complete:
        raise CheckpointError(
            f"{report.first_error()}: the weights are not of the network that the file names: "
            "save it again with save_checkpoint",
            report,
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
        raise CheckpointError(f"{path}: has format {version!r:.20}: load it with a newer blvbench")
    known = {field.name for field in fields(Configuration)}
    if not isinstance(configuration, dict) or configuration.keys() != known:
        raise foreign
    if not isinstance(configuration["options"], dict):
        raise foreign
    return configuration
