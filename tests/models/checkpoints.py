"""Networks with distinct weights, and the checks that every refusal of a file must pass."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import models
from tests.models import networks


def build(name: str, *, seed: int = 0, num_classes: int = 6, **options: Any) -> nn.Module:
    """A narrow network with distinct weights."""
    return scrambled(networks.build(name, num_classes=num_classes, width=0.1, **options), seed)


def scrambled(model: nn.Module, seed: int) -> nn.Module:
    """`model` with all weights set to whole numbers below 200, which every type can hold.

    Buffers are set, too: initially they are the same in all networks.
    """
    generator = torch.Generator().manual_seed(seed)
    for tensor in model.state_dict().values():
        tensor.copy_(torch.randint(200, tensor.shape, generator=generator))
    return model


def weights(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the current weights."""
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(left: Mapping[str, Tensor], right: Mapping[str, Tensor]) -> bool:
    """Whether the weights are equal, bit for bit."""
    return left.keys() == right.keys() and all(
        left[name].dtype == right[name].dtype and torch.equal(left[name], right[name])
        for name in left
    )


@contextmanager
def refused(path: Path, model: nn.Module | None = None) -> Iterator[list[models.CheckpointError]]:
    """Check that the code inside refuses `path` in one line and leaves `model` unchanged.

    Yields a list that holds the error afterwards.
    """
    before = weights(model) if model else {}
    errors: list[models.CheckpointError] = []
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        with pytest.raises(models.CheckpointError) as caught:
            yield errors
    errors.append(caught.value)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert not shown
    if model:
        assert same(weights(model), before)
