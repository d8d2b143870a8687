"""Energy of a step on an NVIDIA GPU, as the card counts it: needs the package nvidia-ml-py."""

import time

import torch

from bench import card
from bench.steps import Step

SAMPLES = 6  # for a 95 % interval
WINDOW_S = 0.5  # of a sample: the card's counter moves every 0.1 s or less
WARM_UP_STEPS = 3


def measure(step: Step) -> tuple[float, ...]:
    """Joules of one step on the current CUDA device, sample by sample; other users count too.

    Raises `UnsupportedError` without nvidia-ml-py, and for a card that does not count its energy.
    """
    with card.opened() as counter:
        counter.joules()  # before the work of a warm-up, if it cannot
        for _ in range(WARM_UP_STEPS):
            step()
        return tuple(_sample(step, counter) for _ in range(SAMPLES))


def _sample(step: Step, counter: card.Card) -> float:
    torch.cuda.synchronize()
    steps, before, start = 0, counter.joules(), time.perf_counter()
    while time.perf_counter() - start < WINDOW_S:
        step()
        torch.cuda.synchronize()
        steps += 1
    return (counter.joules() - before) / steps
