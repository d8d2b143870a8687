"""The NVIDIA card under the current CUDA device, as its driver tells through nvidia-ml-py."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from bench.errors import UnsupportedError

# Bits of NVML's clock event reasons: slowed down by the hardware, by heat (software, hardware), by
# the power supply. A software power cap is not among them: large cards run at it for hours.
SLOWED_DOWN = 0x08 | 0x20 | 0x40 | 0x80


@dataclass(frozen=True)
class Card:
    """What the driver tells of one card."""

    library: Any
    handle: Any

    def joules(self) -> float:
        """The energy that the card has used since the driver started.

        Raises `UnsupportedError` for a card that does not count it.
        """
        try:
            return self.library.nvmlDeviceGetTotalEnergyConsumption(self.handle) / 1e3  # from mJ
        except self.library.NVMLError as error:
            raise UnsupportedError(f"this card does not count its energy ({error})") from error

    def doubts(self) -> list[str]:
        """Why not to trust what is timed on the card now; nothing that it does not tell."""
        found = []
        try:
            users = len(self.library.nvmlDeviceGetComputeRunningProcesses(self.handle))
            if users > 1:
                found.append(
                    f"others use the GPU ({users - 1} besides this process): let it be alone"
                )
            reasons = self.library.nvmlDeviceGetCurrentClocksThrottleReasons(self.handle)
            if reasons & SLOWED_DOWN:
                found.append("the GPU slows itself down for heat or power: let it cool")
        except self.library.NVMLError:
            pass  # a card that keeps silent gives no reason to doubt
        return found


@contextmanager
def open_card() -> Iterator[Card]:
    """The card of the current CUDA device; raises `UnsupportedError` without nvidia-ml-py."""
    try:
        import pynvml
    except ImportError as error:
        raise UnsupportedError("it is read through nvidia-ml-py: install that") from error
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
    """`Card.doubts` of the current CUDA device; [] where nobody tells."""
    try:
        with open_card() as card:
            return card.doubts()
    except UnsupportedError:
        return []
