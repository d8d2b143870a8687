"""Slurm: jobs are submitted through submitit, and the queue is asked for their state.

submitit itself uses Slurm's accounting, which many clusters do not have, to find the state of a
job.
"""

import getpass
import shutil
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from math import ceil, inf
from pathlib import Path
from typing import TYPE_CHECKING

import blvbench
from bench.errors import BenchError, UnsupportedError
from bench.runs.cluster.schedulers import import_submitit

if TYPE_CHECKING:
    from submitit import Job, SlurmExecutor

QUEUE_S = 5.0  # between two queries of the queue, which all users share
ANSWER_S = 60.0  # the longest time that an answer may take
MAX_ARRAY_JOBS = 1000  # the most jobs of an array: Slurm's MaxArraySize is 1001 by default
# Parameters of a job that do not affect which machines it runs on.
BOOKKEEPING = ("account", "comment", "mail_type", "mail_user", "nice", "qos", "wckey")
GPUS = ("gpus", "gpus_per_node", "gpus_per_task", "gres")  # parameters that request GPUs


class Slurm:
    """Slurm on a cluster. `parameters` are options of sbatch, such as `partition`."""

    name = "slurm"
    max_jobs: int | None = None  # the array limits them
    lag_s = 10.0  # as of a network file system

    def __init__(
        self,
        folder: Path,
        workers: int,
        job_time_s: float,
        cores: int,
        parameters: Mapping[str, str],
    ) -> None:
        import_submitit()
        if shutil.which("sbatch") is None or shutil.which("srun") is None:
            raise UnsupportedError("sbatch and srun are not found: run this on a node of a cluster")
        self._folder = folder
        self._workers = workers
        self._minutes = ceil(job_time_s / 60)
        self._cores = cores
        self._parameters = parameters
        self._queued: set[str] = set()
        self._queried_at = -inf

    @property
    def pool(self) -> str:
        """The requested parameters that decide which machines jobs run on."""
        requested = {"cpus_per_task": str(self._cores), **self._parameters}
        decisive = (f"{k}={v}" for k, v in sorted(requested.items()) if k not in BOOKKEEPING)
        return " ".join([self.name, *decisive])

    def submit(self, packs: Sequence[Path], *, gpu: bool) -> list[str]:
        """Submit arrays with a job for each pack.

        Raises `BenchError` with the message of sbatch if it refuses.
        """
        executor = self._executor(gpu)
        jobs: list[Job[None]] = []
        for start in range(0, len(packs), MAX_ARRAY_JOBS):
            part = [str(pack) for pack in packs[start : start + MAX_ARRAY_JOBS]]
            try:
                jobs += executor.map_array(blvbench.run_job, part)
            except Exception as error:  # of several types, with the output of sbatch
                line = " ".join(str(error).split()) or type(error).__name__
                raise BenchError(f"sbatch: {line}: correct --slurm") from error
        self._queued |= {job.job_id for job in jobs}
        return [job.job_id for job in jobs]

    def alive(self, jobs: Collection[str], logs: Mapping[str, Path]) -> set[str]:
        """Those in the queue, pending or running; all of them if the queue does not answer."""
        if time.monotonic() - self._queried_at >= QUEUE_S:
            self._queried_at = time.monotonic()
            queued = _queue()
            if queued is None:
                return set(jobs)
            self._queued = queued
        return set(jobs) & self._queued

    def cancel(self, jobs: Collection[str]) -> None:
        """Remove jobs from the queue, and end those that run."""
        if jobs:
            _call(["scancel", "--quiet", "--", *jobs])

    def _executor(self, gpu: bool) -> "SlurmExecutor":
        executor: SlurmExecutor = import_submitit().SlurmExecutor(self._folder)
        gpus = {"gpus_per_node": 1} if gpu and not set(GPUS) & set(self._parameters) else {}
        executor.update_parameters(
            job_name="blvbench",
            time=self._minutes,
            cpus_per_task=self._cores,
            array_parallelism=self._workers,
            additional_parameters=dict(self._parameters),
            **gpus,
        )
        return executor


def _queue() -> set[str] | None:
    """This user's jobs that wait or run, each job of an array by itself; None without an answer."""
    command = ["squeue", "--noheader", "--array", "--format=%i", f"--user={getpass.getuser()}"]
    printed = _call(command)
    return None if printed is None else set(printed.split())


def _call(command: Sequence[str]) -> str | None:
    """The output of a command; None if it fails, since Slurm is asked again later."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=ANSWER_S
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
