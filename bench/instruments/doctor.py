"""Checks that the instruments work on this machine, each against a known figure."""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

import models
from bench.instruments import macs, macs_fvcore, memory
from bench.machine import environment
from bench.workload.timers import time_on_cpu

SLEEP_S = 0.05
COUNTED = ("blvnet_tam", "i3d", "swin3d_t")  # 2D and 3D convolutions, and attention


@dataclass(frozen=True)
class Check:
    """One check: its name, whether it passed, what was found, and advice if it failed."""

    name: str
    passed: bool
    finding: str
    advice: str


def _guard(check: Callable[[], Check]) -> Callable[[], Check]:
    """Turn an error of a check into a failed check."""

    @functools.wraps(check)
    def run_check() -> Check:
        try:
            return check()
        except Exception as error:
            name = (check.__doc__ or "").rstrip(".")
            return Check(name, False, f"{type(error).__name__}: {error}", "reinstall the packages")

    return run_check


@_guard
def check_packages() -> Check:
    """Installed packages."""
    versions = environment.current_environment().packages
    finding = ", ".join(f"{name} {version}" for name, version in versions.items())
    passed = all(versions[name] != "not installed" for name in environment.REQUIRED)
    return Check("Installed packages", passed, finding, "" if passed else "pip install -e .")


@_guard
def check_memory() -> Check:
    """Simulated memory."""
    peak = memory.simulate(_flat_linear, (1, 1, 1, 2, 2), "infer")
    known = 3 * memory.CUDA_BLOCK_BYTES  # weight, clip and logits: one block each
    passed = peak.peak_bytes == known
    finding = f"{peak.peak_bytes} bytes for a network that needs {known}"
    advice = (
        "" if passed else "this version of torch reports storages differently: use another version"
    )
    return Check("Simulated memory", passed, finding, advice)


@_guard
def check_counters() -> Check:
    """Two MAC counters."""
    disagreeing = []
    for name in COUNTED:
        frames, size = models.get_network(name).smallest_clip
        model = models.create_model(name, num_classes=10, frames=frames)
        clip = (1, 3, frames, size, size)
        first, second = macs.count(model, clip), macs_fvcore.count(model, clip)
        if difference := macs_fvcore.disagreement(first, second):
            disagreeing.append(f"{name}: {difference}")
    finding = "; ".join(disagreeing) or f"FlopCounterMode and fvcore agree on {', '.join(COUNTED)}"
    advice = "compare their figures by operator" if disagreeing else ""
    return Check("Two MAC counters", not disagreeing, finding, advice)


@_guard
def check_clock() -> Check:
    """Latency."""
    seconds = min(time_on_cpu(lambda: time.sleep(SLEEP_S)) for _ in range(5))
    passed = SLEEP_S <= seconds < 1.1 * SLEEP_S
    finding = f"{seconds:.4f} s for a sleep of {SLEEP_S} s"
    advice = "" if passed else "the machine is too busy: stop other processes"
    return Check("Latency", passed, finding, advice)


@_guard
def check_device() -> Check:
    """CUDA device."""
    found = environment.current_environment("cuda")
    advice = "" if found.accelerator else "nothing, unless you want to measure on a GPU"
    return Check("CUDA device", True, (found.accelerator and found.machine) or "none", advice)


def _flat_linear() -> nn.Module:
    """A linear layer over a flattened clip of four values."""
    return nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))


CHECKS = (check_packages, check_memory, check_counters, check_clock, check_device)
