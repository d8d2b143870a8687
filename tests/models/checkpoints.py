"""Networks whose weights tell them apart, and what every refusal of a file must be like."""

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
    """A narrow network of ours."""
    return scrambled(networks.build(name, num_classes=num_classes, width=0.1, **options), seed)


def scrambled(model: nn.Module, seed: int) -> nn.Module:
    """`model` with whole numbers below 200, which every type of numbers holds, as all its weights.

    Buffers are among them: fresh ones are alike in all networks.
    """
    generator = torch.Generator().manual_seed(seed)
    for tensor in model.state_dict().values():
        tensor.copy_(torch.randint(200, tensor.shape, generator=generator))
    return model


def weights(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the weights as they are."""
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(left: Mapping[str, Tensor], right: Mapping[str, Tensor]) -> bool:
    """Whether these are the same weights, bit for bit."""
    return left.keys() == right.keys() and all(
        left[name].dtype == right[name].dtype and torch.equal(left[name], right[name])
        for name in left
    )


@contextmanager
def refused(path: Path, model: nn.Module | None = None) -> Iterator[list[models.CheckpointError]]:
    """What happens inside must refuse `path` in one line and leave `model` alone.

    Yields a list that has the error afterwards.
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
