"""What runs in a job: the tasks of a pack, told as they come.

A job that a scheduler starts again, after its machine died or another one needed it, goes on with
what its log has no result of.
"""

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bench.machine.processes import start_fork_server
from bench.runs.cluster.pack import LOG, STOP, Done, Line, Log, LogWriter, Pack, open_log, read_pack
from bench.runs.runner import measure_in_order
from bench.runs.tasks import Task, make_task

MARGIN_S = 30.0  # for a job to start, and to end before it is ended
DYING_S = 2.0  # a scheduler that kills a job kills one of its processes after the other


def work(path: str) -> None:
    """Measure the pack in the file at `path`; its log stands beside it.

    No task begins that could take longer than the job has, or once the folder's stop file is there.
    Does nothing where the pack was withdrawn, or another job has it.
    """
    start = time.monotonic()
    file = Path(path).absolute()
    if not file.exists():
        return
    pack = read_pack(file)
    latest = start + pack.job_time_s - pack.time_limit_s - MARGIN_S
    stop = file.with_name(STOP)

    def may_begin() -> bool:
        return time.monotonic() <= latest and file.exists() and not stop.exists()

    with open_log(file.with_suffix(LOG)) as writer:
        if writer:
            os.chdir(pack.folder)
            _measure(pack, writer, may_begin)


def _measure(pack: Pack, writer: LogWriter, may_begin: Callable[[], bool]) -> None:
    """Tell the results of a pack's tasks, but for those that the log has or that are lost."""
    start_fork_server()
    log = Log(writer.path)
    for _ in log.news():
        pass
    left = {
        number: make_task(asked.point, asked.label, pack.pool)
        for number, asked in enumerate(pack.tasks)
        if number not in log.done and asked.losses + log.losses(number) <= pack.requeues
    }
    numbers = {(t.point, t.instrument.label): number for number, t in left.items()}

    def begin(one: Task) -> bool:
        if not may_begin():
            return False
        writer.write(Line(begun=numbers[one.point, one.instrument.label]))
        return True

    writer.write(Line(started=True))
    coming = measure_in_order(
        list(left.values()), jobs=pack.jobs, time_limit_s=pack.time_limit_s, begin=begin
    )
    with closing(coming):
        for identity, found in coming:
            if found.status == "killed":
                time.sleep(DYING_S)  # where this job is next, the loss is its, not the point's
            number = numbers[found.point, found.label]
            done = Done(task=number, identity=identity, measurement=found)
            writer.write(Line(done=done))
    writer.write(Line(ended=True))
