"""The trace of a step, and the steps of a process that are put together from it."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from bench.instruments.memory import simulate
from bench.instruments.memory.ledger import Event, Kind
from bench.instruments.memory.replay import replay
from bench.instruments.memory.trace import StepTrace
from suites.step import StepOptions

SHAPE = (3, 3, 1, 2, 2)
FLOAT = 4  # bytes


def born(key: int, kind: Kind, *, is_early: bool = False) -> Event:
    return Event(key, 512, True, kind, is_early)


def dead(key: int, kind: Kind) -> Event:
    return Event(key, 512, False, kind)


def test_steps_are_put_together_from_one() -> None:
    weight, clip = born(1, "parameters"), born(2, "inputs")
    hidden, gradient = born(3, "activations"), born(4, "temporaries")
    table = born(5, "buffers", is_early=True)  # a tensor that the network keeps
    hidden_dies = dead(3, "activations")
    momentum = born(6, "optimizer", is_early=True)
    trace = StepTrace((weight, clip, hidden, table, gradient, hidden_dies, momentum))
    assert trace.setup() == [weight, clip, table]
    assert trace.first_step() == [hidden, gradient, hidden_dies, momentum]
    assert list(trace.later_step()) == [
        dead(4, "temporaries"),
        hidden,
        gradient,
        hidden_dies,
    ]


def test_what_is_left_dies_in_the_reverse_order_of_its_birth() -> None:
    births = [born(key, "temporaries") for key in (1, 2, 3)]
    trace = StepTrace((*births, dead(2, "temporaries")))
    assert list(trace.later_step())[:2] == [dead(3, "temporaries"), dead(1, "temporaries")]


def two_layers() -> nn.Module:
    layers = nn.Linear(12, 7, bias=False), nn.Linear(7, 5, bias=False)
    return nn.Sequential(nn.Flatten(), *layers)


WEIGHTS = [12 * 7 * FLOAT, 7 * 5 * FLOAT]


def sizes(events: Iterable[Event]) -> list[int]:
    return [event.size_bytes for event in events]


def test_momentum_is_born_in_the_first_update() -> None:
    trace = simulate(two_layers, SHAPE, "train").trace
    clip, labels = 3 * 12 * FLOAT, 3 * 8
    assert sizes(trace.setup()) == [*WEIGHTS, clip, labels]
    assert sizes(trace.first_step()[-2:]) == WEIGHTS  # SGD's update takes nothing else
    assert {event.kind for event in trace.first_step()[-2:]} == {"optimizer"}
    assert "optimizer" not in {event.kind for event in trace.later_step()}


def test_gradients_die_before_the_next_step_unless_they_are_zeroed() -> None:
    freed = simulate(two_layers, SHAPE, "train").trace
    assert sizes(freed.later_step())[:2] == WEIGHTS
    zeroed = simulate(two_layers, SHAPE, step=StepOptions(gradients="zeroed")).trace
    assert next(zeroed.later_step()).born
    kinds = [event.kind for event in zeroed.first_step() if event.is_early]
    assert sorted(kinds) == ["gradients", "gradients", "optimizer", "optimizer"]


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
