"""The environment of a measurement: the machine and the versions of the libraries."""

import functools
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.machine.accelerator import Accelerator, current_accelerator
from bench.records.measurement import Environment
from bench.records.point import Device

CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # processor time in each period, and the period, in us
REQUIRED = ("blvbench", "torch", "torchvision", "fvcore", "numpy")
# PyTorch brings triton along where it can be used; timm and transformers are extras.
PACKAGES = (*REQUIRED, "triton", "timm", "transformers")


@functools.cache
def current_environment(device: Device | None = None) -> Environment:
    """The environment of this process, with the accelerator where `device` is one."""
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
    """The number of cores that this process may use, within the quota of its container."""
    return min(shared_cores(), _quota_cores() or shared_cores())


def shared_cores() -> int:
    """The number of cores that this process may run on, together with other processes."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def has_device(device: Device) -> bool:
    """Whether this machine has `device`."""
    return device == "cpu" or bool(current_environment(device).accelerator)


def _quota_cores() -> int:
    """The number of cores that a container's quota allows; 0 where there is no quota."""
    try:
        quota, period = CPU_QUOTA.read_text().split()
        return 0 if quota == "max" else max(-(-int(quota) // int(period)), 1)
    except (OSError, ValueError):
        return 0


def _processor() -> str:
    """The processor's model name, or its architecture where the system does not say."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_bytes() -> int:
    """The machine's memory in bytes; 0 where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0
