"""How much of this machine others use while something is timed on it."""

import os
import time
from pathlib import Path

from bench.machine.environment import shared_cores, usable_cores

STAT = Path("/proc/stat")
IDLE_FIELDS = (3, 4)  # of a line of it: idle, and waiting for a disk
TIME_FIELDS = 8  # those behind count again what is in these
LOOK_S = 0.3  # 30 ticks a core: enough to see a core's tenth
NOISE_CORES = 0.2  # what a machine's own housekeeping takes at times
BUSY_SHARE = 0.05  # of the cores


class Watch:
    """Counts the seconds that others compute on this process's cores, from its making on."""

    def __init__(self) -> None:
        self._start, self._busy, self._own = time.monotonic(), _busy_seconds(), _own_seconds()

    def others_cores(self) -> float:
        """How many cores' worth others took since; 0.0 where the system does not tell."""
        wall = time.monotonic() - self._start
        others = (_busy_seconds() - self._busy) - (_own_seconds() - self._own)
        return max(others / wall, 0.0) if STAT.exists() and wall else 0.0


def free_cores(others_cores: float) -> int:
    """The cores that are left for this process, at least 1.

    On fewer cores than it has threads, a computation waits for itself, and the more the more
    operators it has: ratios of networks would change with what else the machine does.
    """
    taken = -int(-(others_cores - NOISE_CORES) // 1) if others_cores > NOISE_CORES else 0
    return max(min(shared_cores() - taken, usable_cores()), 1)


def look() -> float:
    """How many cores' worth others take now, while this process waits a moment."""
    watch = Watch()
    time.sleep(LOOK_S)
    return watch.others_cores()


def warning(others_cores: float, threads: int) -> list[str]:
    """What to say of samples that were taken beside others, on so many threads."""
    cores = shared_cores()
    if others_cores <= BUSY_SHARE * cores:
        return []
    return [
        f"the machine was busy: others took {others_cores:.1f} of {cores} cores, and {threads} "
        "were used: seconds hold for this moment only, ratios to the reference better"
    ]


def _own_seconds() -> float:
    return sum(os.times()[:4])  # of this process and its children


def _busy_seconds() -> float:
    """What the cores of this process have computed since the system started."""
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
