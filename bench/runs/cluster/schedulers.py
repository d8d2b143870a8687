"""Schedulers run jobs. The simplest one here starts processes on this machine."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

import blvbench
from bench.errors import UnsupportedError
from bench.runs.cluster.locks import is_locked

if TYPE_CHECKING:
    from submitit import Job, LocalExecutor


class Scheduler(Protocol):
    """A scheduler of jobs."""

    name: str
    max_jobs: int | None  # at once; None where the scheduler limits them itself
    lag_s: float  # until the last lines of a job's log are visible

    @property
    def pool(self) -> str:
        """The machines that jobs run on, as a task's `pool`; "" for this machine."""

    def submit(self, packs: Sequence[Path], *, gpu: bool) -> list[str]:
        """Submit a job for each pack, with a GPU each if `gpu`; returns their identifiers."""

    def alive(self, jobs: Collection[str], logs: Mapping[str, Path]) -> set[str]:
        """Those of `jobs` that wait or run, as far as is known. `logs` are the logs of all."""

    def cancel(self, jobs: Collection[str]) -> None:
        """Cancel jobs, whether they wait or run."""


class LocalProcesses:
    """Processes of this machine: jobs without a cluster."""

    name = "submitit-local"
    pool = ""
    lag_s = 0.0

    def __init__(self, folder: Path, workers: int, job_time_s: float) -> None:
        import_submitit()  # raises before anything is made
        self.max_jobs: int | None = workers
        self._folder = folder
        self._job_time_s = job_time_s
        self._jobs: dict[str, Job[None]] = {}

    def submit(self, packs: Sequence[Path], *, gpu: bool) -> list[str]:
        """Start a process for each pack; all of them share the GPUs."""
        executor = self._executor()
        jobs = [executor.submit(blvbench.run_job, str(pack)) for pack in packs]
        self._jobs |= {job.job_id: job for job in jobs}
        return [job.job_id for job in jobs]

    def alive(self, jobs: Collection[str], logs: Mapping[str, Path]) -> set[str]:
        """Those that run. A process that somebody else started holds the lock on its log."""
        return {
            job
            for job in jobs
            if (not self._jobs[job].done() if job in self._jobs else is_locked(logs[job]))
        }

    def cancel(self, jobs: Collection[str]) -> None:
        """End those that this process started."""
        for job in jobs:
            if job in self._jobs:
                self._jobs[job].cancel(check=False)

    def _executor(self) -> "LocalExecutor":
        executor: LocalExecutor = import_submitit().LocalExecutor(self._folder)
        executor.update_parameters(timeout_min=self._job_time_s / 60)
        return executor


def import_submitit() -> ModuleType:
    """The package submitit. Raises `UnsupportedError` where it is not installed."""
    try:
        import submitit
    except ImportError as error:
        raise UnsupportedError(
            "submitit, which submits jobs, is not installed: python -m pip install -e '.[slurm]'"
        ) from error
    return submitit
