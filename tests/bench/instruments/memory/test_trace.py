"""The trace of a step, and the steps of a process that are put together from it."""

import torch
from torch import Tensor, nn

from bench.instruments.memory import simulate
from bench.instruments.memory.ledger import Event
from bench.instruments.memory.replay import replay
from bench.instruments.memory.trace import StepTrace

SHAPE = (3, 3, 1, 2, 2)
FLOAT = 4  # bytes


def born(key: int, size: int = 512) -> Event:
    return Event(key, size, born=True)


def dead(key: int, size: int = 512) -> Event:
    return Event(key, size, born=False)


def test_steps_are_put_together_from_the_parts_of_one() -> None:
    trace = StepTrace()
    trace(born(1))  # a weight
    trace.part = "state"
    trace(born(2))  # its momentum
    trace.part = "passes"
    for event in (born(3), born(4), dead(3)):  # an activation, and the gradient
        trace(event)
    trace.part = "update"
    for event in (born(5), dead(5)):
        trace(event)
    trace.part = None
    trace(dead(1))  # the network is deleted
    assert trace.setup() == [born(1)]
    passes, update = [born(3), born(4), dead(3)], [born(5), dead(5)]
    assert list(trace.first_step()) == [*passes, born(2), *update]
    assert list(trace.later_step()) == [dead(4), *passes, *update]


def test_what_is_left_dies_in_the_reverse_order_of_its_birth() -> None:
    trace = StepTrace()
    trace.part = "passes"
    for event in (born(1), born(2), dead(1), born(3), born(1, 1024)):
        trace(event)
    assert list(trace.later_step())[:3] == [dead(1, 1024), dead(3), dead(2)]


def test_a_training_step_has_all_parts() -> None:
    def two_layers() -> nn.Module:
        layers = nn.Linear(12, 7, bias=False), nn.Linear(7, 5, bias=False)
        return nn.Sequential(nn.Flatten(), *layers)

    trace = simulate(two_layers, SHAPE, "train").trace
    weights = [12 * 7 * FLOAT, 7 * 5 * FLOAT]
    clip, labels = 3 * 12 * FLOAT, 3 * 8
    assert [event.size_bytes for event in trace.setup()] == [*weights, clip, labels]
    first = list(trace.first_step())
    assert [event.size_bytes for event in first[-2:]] == weights  # SGD's update takes nothing else
    gradients = [event.size_bytes for event in trace.later_step()][:2]
    assert gradients == weights  # the loss may be left as well


def test_a_buffer_that_each_step_replaces_can_be_replayed() -> None:
    class Averaging(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(12, 5)
            self.mean: Tensor
            self.register_buffer("mean", torch.zeros(12))

        def forward(self, clip: Tensor) -> Tensor:
            flat = clip.flatten(1)
            self.mean = 0.9 * self.mean + flat.detach().mean(0)
            return self.head(flat - self.mean)

    peak = simulate(Averaging, SHAPE, "train")
    assert replay(peak.trace) == 2 << 20
