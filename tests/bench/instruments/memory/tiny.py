"""Networks of ours that are narrow enough to be run."""

from collections.abc import Callable
from functools import partial

from torch import nn

import models


def tiny(name: str) -> Callable[[], nn.Module]:
    return partial(models.create_model, name, num_classes=10, frames=4, width=0.125)
