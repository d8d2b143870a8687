"""The machine and the library versions that a measurement was made with."""

import functools
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.machine.accelerator import Accelerator, current_accelerator
from bench.records.measurement import Environment
from bench.records.point import Device

CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # microseconds of time, and in how many
REQUIRED = ("blvbench", "torch", "torchvision", "fvcore", "numpy")
PACKAGES = (*REQUIRED, "triton")  # which comes with PyTorch where it can be used


@functools.cache
def current_environment(device: Device | None = None) -> Environment:
    """The environment of this process, and of the accelerator where it measures on one."""
    accelerator = current_accelerator() if device == "cuda" else Accelerator()
    return Environment(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        processor=_processor(),
        cores=usable_cores(),
        memory_bytes=_memory_bytes(),
        accelerator=accelerator.name,
        accelerator_memory_bytes=accelerator.memory_bytes,
        packages={name: installed_version(name) for name in PACKAGES} | accelerator.packages,
    )


@functools.cache
def installed_version(package: str) -> str:
    """The installed version of a distribution, or 'not installed'."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def usable_cores() -> int:
    """The cores that this process may compute with: where it may run, as far as it has the time."""
    return min(shared_cores(), _quota_cores() or shared_cores())


def shared_cores() -> int:
    """The cores that this process may run on, beside others."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def has_device(device: Device) -> bool:
    """Whether this machine has a device to measure on."""
    return device == "cpu" or bool(current_environment(device).accelerator)


def _quota_cores() -> int:
    """The cores' worth of time that a container may use, 0 where nothing limits it."""
    try:
        quota, period = CPU_QUOTA.read_text().split()
        return 0 if quota == "max" else max(-(-int(quota) // int(period)), 1)
    except (OSError, ValueError):
        return 0


def _processor() -> str:
    """The processor's model name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_bytes() -> int:
    """The machine's memory in bytes, 0 where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0
