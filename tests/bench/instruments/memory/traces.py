"""Traces of steps that are made by hand."""

from collections.abc import Sequence

from bench.instruments.memory import PeakMemory
from bench.instruments.memory.ledger import Event, Kind
from bench.instruments.memory.trace import StepTrace

MIB = 2**20
Sizes = Sequence[tuple[int, int]]  # a key with its MiB for a birth, with 0 for a death


def make_trace(*, weights: Sizes = (), passes: Sizes, momentum: Sizes = ()) -> StepTrace:
    """A step with these weights, whose update comes last and is the first use of its momentum."""
    sizes: dict[int, int] = {}
    events = []
    parts: list[tuple[Kind, Sizes]] = [
        ("parameters", weights),
        ("activations", passes),
        ("optimizer", momentum),
    ]
    for kind, part in parts:
        for key, mib in part:
            if mib:
                sizes[key] = mib * MIB
            events.append(Event(key, sizes[key], bool(mib), kind, is_early=kind == "optimizer"))
    return StepTrace(tuple(events))


def peak_of(trace: StepTrace, peak_mib: int) -> PeakMemory:
    """A peak with this trace."""
    return PeakMemory(peak_mib * MIB, {}, trace)
