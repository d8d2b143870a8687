"""How other processes are started: fresh, but with PyTorch's code already read where that is safe.

A process that has computed with torch must not be forked. One that has only imported it may be: the
fork server does nothing else.
"""

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, SpawnContext

from bench.machine.interrupts import block_interrupts

TIME_LIMIT_S = 600.0  # of one measurement: the slowest of a suite of ours takes a minute
# Two seconds of a process's start; what counts is there too, since short processes count a lot.
# PyTorch's compiler is there for counting MACs and optimizers use it; torchvision, few networks do.
PRELOADED = [
    "torch",
    "torch._dynamo",
    "bench.runs.workers",
    "bench.instruments.macs",
    "bench.instruments.memory.simulated",
]
FORK_SERVER = "forkserver"


def process_context() -> SpawnContext | ForkServerContext:
    """What starts processes."""
    if FORK_SERVER not in multiprocessing.get_all_start_methods():
        return SpawnContext()
    server = ForkServerContext()
    server.set_forkserver_preload(PRELOADED)
    return server


def start_fork_server() -> None:
    """Start what starts processes, so that it reads PyTorch's code while this process does."""
    if isinstance(process_context(), ForkServerContext):
        with block_interrupts():  # only this process answers Ctrl-C
            forkserver.ensure_running()


def is_worker() -> bool:
    """Whether this is a process that another one started."""
    return multiprocessing.parent_process() is not None
