"""The births and deaths of the storages of a step, in order.

A steady step is recorded once, in parts. A process is put together from them: its first step, and
the steps that follow.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Literal, get_args

from bench.instruments.memory.ledger import Event

# What is there before the first step; what the first update creates, such as momentum; the forward
# and the backward pass; the update.
Part = Literal["network", "state", "passes", "update"]


class StepTrace:
    """The events of a step; an observer of a ledger. Events count to the part in `part`."""

    def __init__(self) -> None:
        self.part: Part | None = "network"  # None: nothing is recorded
        self._events: dict[Part, list[Event]] = {part: [] for part in get_args(Part)}

    def __call__(self, event: Event) -> None:
        """Record an event."""
        if self.part is not None:
            self._events[self.part].append(event)

    def setup(self) -> list[Event]:
        """The events before the first step."""
        return self._events["network"]

    def first_step(self) -> Iterator[Event]:
        """The events of the first step, whose update creates the optimizer's state."""
        return chain(self._events["passes"], self._events["state"], self._events["update"])

    def later_step(self) -> Iterator[Event]:
        """The events of any later step; what the step before has left over dies first."""
        return chain(self._leftover_deaths(), self._events["passes"], self._events["update"])

    def _leftover_deaths(self) -> Iterator[Event]:
        """The deaths of what a step leaves alive: the gradients, in the order of the parameters.

        The backward pass comes to the last parameters first.
        """
        alive: dict[int, Event] = {}
        for event in chain(self._events["passes"], self._events["update"]):
            if event.born:
                alive[event.key] = event
            else:
                alive.pop(event.key, None)
        return (Event(e.key, e.size_bytes, born=False) for e in reversed(alive.values()))
