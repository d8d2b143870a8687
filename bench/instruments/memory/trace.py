"""The births and deaths of a step's storages, and the steps of a process made of them.

A steady step is recorded once. The first step of a process has no optimizer state and no gradients
before it; the steps after it have what the step before has left.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from bench.instruments.memory.ledger import Event

BEFORE_STEPS = {"parameters", "buffers", "buckets", "inputs"}  # kinds that no step creates


@dataclass(frozen=True)
class StepTrace:
    """The events of a steady step, with the births of all that is there before it."""

    events: tuple[Event, ...]

    def setup(self) -> list[Event]:
        """The births before the first step."""
        return [event for event in self.events if _is_before_steps(event)]

    def first_step(self) -> list[Event]:
        """The events of the first step: the optimizer's state is born where it is used."""
        return [event for event in self.events if not _is_before_steps(event)]

    def later_step(self) -> Iterator[Event]:
        """The events of any later step; what the step before has left over dies first."""
        events = [event for event in self.first_step() if not event.is_early]
        return chain(_deaths_of_leftovers(events), events)


def _is_before_steps(event: Event) -> bool:
    return event.born and event.kind in BEFORE_STEPS


def _deaths_of_leftovers(events: list[Event]) -> Iterator[Event]:
    """The deaths of what a step leaves alive: the gradients, in the order of the parameters.

    The backward pass comes to the last parameters first.
    """
    dead = {event.key for event in events if not event.born}
    left = [event for event in events if event.born and event.key not in dead]
    return (event._replace(born=False) for event in reversed(left))
