"""How worker processes are started: fresh, but with PyTorch already imported where that is safe.

A process that has computed with torch must not be forked. One that has only imported it may be
forked: the fork server does nothing else.
"""

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, SpawnContext

from bench.machine.interrupts import block_interrupts

TIME_LIMIT_S = 600.0  # of one measurement; the slowest of the bundled suites takes a minute
# Importing these takes two seconds of each process's start. Counting MACs and optimizers use the
# compiler, torch._dynamo. torchvision is left out: few networks use it.
PRELOADED = [
    "blvbench",  # first, so that what follows is ours
    "torch",
    "torch._dynamo",
    "bench.runs.workers",
    "bench.instruments.macs",
    "bench.instruments.memory.simulated",
]
FORK_SERVER = "forkserver"


def process_context() -> SpawnContext | ForkServerContext:
    """The context that starts worker processes: a fork server where the system has one."""
    if FORK_SERVER not in multiprocessing.get_all_start_methods():
        return SpawnContext()
    server = ForkServerContext()
    server.set_forkserver_preload(PRELOADED)
    return server


def start_fork_server() -> None:
    """Start the fork server, so that it imports PyTorch while this process does."""
    if isinstance(process_context(), ForkServerContext):
        with block_interrupts():  # Ctrl-C is for this process only
            forkserver.ensure_running()


def is_worker() -> bool:
    """Whether another process of ours started this one."""
    return multiprocessing.parent_process() is not None
