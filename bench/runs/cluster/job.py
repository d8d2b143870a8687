"""The program of a job: it measures the tasks of a pack, and logs each result.

A scheduler may start a job again, after a failure of its machine or for a more urgent job. It then
goes on with the tasks that its log has no result of.
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

MARGIN_S = 30.0  # for a job to start, and to end before the scheduler ends it
DYING_S = 2.0  # a scheduler kills the processes of a job one after the other


def work(path: str) -> None:
    """Measure the pack in the file at `path`, and write its log beside it.

    No task begins that could exceed the time of the job, and none after the stop file exists. Does
    nothing if the pack was withdrawn, or if another job has it.
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
    """Measure and log the tasks of a pack, without those that are in the log or lost."""
    start_fork_server()
    log = Log(writer.path)
    for _ in log.news():
        pass
    left = {
        number: make_task(packed.point, packed.label, pack.pool)
        for number, packed in enumerate(pack.tasks)
        if number not in log.done and packed.losses + log.losses(number) <= pack.requeues
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
                time.sleep(DYING_S)  # if this job dies next, the job is lost and not the point
            number = numbers[found.point, found.label]
            done = Done(task=number, identity=identity, measurement=found)
            writer.write(Line(done=done))
    writer.write(Line(ended=True))
