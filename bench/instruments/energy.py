"""Energy of a step on an NVIDIA GPU, by the card's counter; needs the package nvidia-ml-py."""

import time

import torch

from bench.instruments.reading import Reading
from bench.machine import card
from bench.machine.environment import usable_cores
from bench.records.point import Device, Point
from bench.workload.placement import place
from bench.workload.steps import Step, make_step
from bench.workload.torch_settings import fix_settings

SAMPLES = 6  # for a 95 % interval
WINDOW_S = 0.5  # of a sample; the card updates its counter every 0.1 s or less
WARM_UP_STEPS = 3


def read(point: Point, device: Device) -> Reading:
    """The joules of a clip of `point` on `device`."""
    with fix_settings(
        device, point.precision, threads=usable_cores(), cudnn_benchmark=True
    ) as settings:
        step = make_step(*place(point, device), point.mode, point.precision, point.step)
        joules = measure(step)
    return Reading(tuple(j / point.batch for j in joules), settings=settings)


def measure(step: Step) -> tuple[float, ...]:
    """Joules of one step on the current CUDA device; other users of the card count too.

    Raises `UnsupportedError` without nvidia-ml-py, and for a card without an energy counter.
    """
    with card.open_card() as counter:
        counter.joules()  # raises before the warm-up if the card cannot count
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
