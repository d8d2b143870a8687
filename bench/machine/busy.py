"""How much of this machine other processes use while something is timed."""

import os
import time
from pathlib import Path

from bench.machine.environment import shared_cores, usable_cores

STAT = Path("/proc/stat")
IDLE_FIELDS = (3, 4)  # of a line: idle, and waiting for a disk
TIME_FIELDS = 8  # the fields after them are parts of these
LOOK_S = 0.3  # 30 ticks of each core: enough to notice a tenth of a core
NOISE_CORES = 0.2  # used by the system itself at times
BUSY_SHARE = 0.05  # of the cores


class Watch:
    """Measures how much other processes compute on this process's cores, from now on."""

    def __init__(self) -> None:
        self._start, self._busy, self._own = time.monotonic(), _busy_seconds(), _own_seconds()

    def others_cores(self) -> float:
        """The average number of cores that others have used; 0.0 where the system does not say."""
        wall = time.monotonic() - self._start
        others = (_busy_seconds() - self._busy) - (_own_seconds() - self._own)
        return max(others / wall, 0.0) if STAT.exists() and wall else 0.0


def free_cores(others_cores: float) -> int:
    """The number of cores that are left for this process, at least 1.

    With more threads than that, every operator waits for its slowest thread. Networks with many
    operators wait more often, so that ratios of networks would depend on the load.
    """
    taken = -int(-(others_cores - NOISE_CORES) // 1) if others_cores > NOISE_CORES else 0
    return max(min(shared_cores() - taken, usable_cores()), 1)


def free_threads(others_cores: float) -> int:
    """The number of threads to compute with: all usable cores, or half as many until they are free.

    There are few such numbers. With as many threads as cores are free, each figure of a machine
    with many cores might have a number of its own, and none would compare with another.
    """
    free, threads = free_cores(others_cores), usable_cores()
    while threads > free:
        threads //= 2
    return threads


def look() -> float:
    """The number of cores that other processes use now, measured while this one sleeps."""
    watch = Watch()
    time.sleep(LOOK_S)
    return watch.others_cores()


def warning(others_cores: float, threads: int) -> list[str]:
    """The warning for samples that were taken with `threads` while others used the machine."""
    cores = shared_cores()
    if others_cores <= BUSY_SHARE * cores:
        return []
    return [
        f"the machine was busy: others used {others_cores:.1f} of {cores} cores, this process "
        f"{threads}: times are valid for this load only, ratios to the reference are more reliable"
    ]


def _own_seconds() -> float:
    return sum(os.times()[:4])  # this process and its children


def _busy_seconds() -> float:
    """The seconds that the cores of this process have computed since the system started."""
    if not STAT.exists():
        return 0.0
    usable = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    ticks = 0
    for line in STAT.read_text().splitlines():
        name, *fields = line.split()
        if name in usable:
            values = [int(field) for field in fields[:TIME_FIELDS]]
            ticks += sum(values) - sum(values[i] for i in IDLE_FIELDS)
    return ticks / os.sysconf("SC_CLK_TCK")
