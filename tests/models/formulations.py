"""What each formulation of a network needs."""

from functools import partial

import models
from bench.instruments.memory import simulate
from models.formulation import FORMULATIONS


def simulate_training(network: str, frames: int) -> list[int]:
    """The peaks of training on a clip of `frames` of 224 px in bytes, in `FORMULATIONS`' order."""
    build = partial(models.create_model, network, num_classes=5, frames=frames)
    return [
        simulate(partial(build, formulation=name), (1, 3, frames, 224, 224)).peak_bytes
        for name in FORMULATIONS
    ]
