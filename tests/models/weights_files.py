"""Files of weights for tests, and the errors that refuse them."""

from pathlib import Path

import torch
from torch import nn

import models
from tests.models import checkpoints

FORMATS = {"zip": True, "legacy": False}  # how torch.save writes
STATE = {"weight": torch.ones(2, 3), "bias": torch.ones(2)}
ARRAYS = {name: value.numpy() for name, value in STATE.items()}


def refusal(path: Path, model: nn.Module) -> str:
    """The error for `path`, one line."""
    with checkpoints.refused(path, model) as errors:
        models.load_checkpoint(model, path)
    return str(errors[0])
