"""The machine and the library versions that a measurement was made with."""

import functools
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.records import Environment

PACKAGES = ("blvbench", "torch", "torchvision", "fvcore", "numpy")


@functools.cache
def current() -> Environment:
    """The environment of this process."""
    return Environment(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        processor=_processor(),
        cores=usable_cores(),
        memory_bytes=_memory_bytes(),
        packages={name: installed_version(name) for name in PACKAGES},
    )


def installed_version(package: str) -> str:
    """The installed version of a distribution, or 'not installed'."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def usable_cores() -> int:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
