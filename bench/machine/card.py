"""The NVIDIA card of the current CUDA device: energy and state, read through nvidia-ml-py."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from bench.errors import UnsupportedError

# NVML's clock event reasons: hardware slowdown, heat (software, hardware), power brake. A software
# power cap is not among them: large cards run at it for hours.
SLOWED_DOWN = 0x08 | 0x20 | 0x40 | 0x80


@dataclass(frozen=True)
class Card:
    """One card, as its driver describes it."""

    library: Any
    handle: Any

    def joules(self) -> float:
        """The energy in joules that the card has used since the driver started.

        Raises `UnsupportedError` for a card without an energy counter.
        """
        try:
            return self.library.nvmlDeviceGetTotalEnergyConsumption(self.handle) / 1e3  # from mJ
        except self.library.NVMLError as error:
            raise UnsupportedError(f"this card has no energy counter ({error})") from error

    def doubts(self) -> list[str]:
        """Reasons not to trust times that are measured on the card now."""
        reasons = []
        try:
            users = len(self.library.nvmlDeviceGetComputeRunningProcesses(self.handle))
            if users > 1:
                reasons.append(
                    f"other processes use the GPU ({users - 1}): measure when they have ended"
                )
            events = self.library.nvmlDeviceGetCurrentClocksThrottleReasons(self.handle)
            if events & SLOWED_DOWN:
                reasons.append("the GPU is slowed down by heat or power: let it cool down")
        except self.library.NVMLError:
            pass  # a card without these counters gives no reason to doubt
        return reasons


@contextmanager
def open_card() -> Iterator[Card]:
    """The card of the current CUDA device. Raises `UnsupportedError` without nvidia-ml-py."""
    try:
        import pynvml
    except ImportError as error:
        raise UnsupportedError("the card is read through nvidia-ml-py: install it") from error
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise UnsupportedError(f"nvidia-ml-py finds no NVIDIA driver ({error})") from error
    try:
        uuid = torch.cuda.get_device_properties(torch.cuda.current_device()).uuid
        yield Card(pynvml, pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}"))
    except pynvml.NVMLError as error:
        raise UnsupportedError(f"the driver does not know this GPU ({error})") from error
    finally:
        pynvml.nvmlShutdown()


def doubts() -> list[str]:
    """`Card.doubts` of the current CUDA device; [] where the card cannot be read."""
    try:
        with open_card() as card:
            return card.doubts()
    except UnsupportedError:
        return []
