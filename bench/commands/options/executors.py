"""Executors: `blvbench run` measures on this machine, or in jobs of a scheduler."""

import math
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bench.commands import UsageError
from bench.machine import environment
from bench.records.measurement import Measurement
from bench.records.store import Store

if TYPE_CHECKING:
    from bench.runs.cluster.schedulers import Scheduler
    from bench.runs.tasks import Task

LOCAL, SUBMITIT, SLURM = "local", "submitit-local", "slurm"
WORKERS = 8  # jobs at once; many nodes have 8 GPUs
CORES = 4  # cores of a Slurm job; one GPU needs no more
PACKS_PER_WORKER = 4  # several small packs, so that all workers end at about the same time
MAX_POINTS_PER_JOB = 50  # limits the work that is lost with a job
REQUEUES = 2
JOB_TIME_MIN = 60
JOB_OPTIONS = ("workers", "points_per_job", "job_time", "requeues")


def add_executor(parser: ArgumentParser) -> None:
    """Add `--jobs`, `--executor` and the options of jobs."""
    parser.add_argument(
        "--jobs",
        type=_count,
        help="number of worker processes on this machine or in each job (default: one per core; a "
        f"Slurm job requests {CORES} cores)",
    )
    group = parser.add_argument_group("jobs")
    group.add_argument(
        "--executor",
        choices=(LOCAL, SUBMITIT, SLURM),
        default=LOCAL,
        help="place to measure: this machine (local, the default), jobs that are processes of this "
        "machine (submitit-local), or Slurm jobs (slurm)",
    )
    group.add_argument(
        "--workers", type=_count, help=f"largest number of jobs at once (default: {WORKERS})"
    )
    group.add_argument(
        "--points-per-job",
        type=_count,
        help=f"number of points in a job (default: enough for {PACKS_PER_WORKER} jobs per worker, "
        f"at most {MAX_POINTS_PER_JOB})",
    )
    group.add_argument(
        "--job-time",
        type=_count,
        metavar="MINUTES",
        help=f"time limit of a job (default: {JOB_TIME_MIN}); no point begins that could exceed it",
    )
    group.add_argument(
        "--requeues",
        type=_count_or_none,
        help=f"number of new tries of a point whose job was lost (default: {REQUEUES})",
    )
    group.add_argument(
        "--slurm",
        type=_parameter,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="option of sbatch, such as partition=gpu; may be repeated",
    )


def check_executor(arguments: Namespace) -> None:
    """Raise `UsageError` for options that exclude each other."""
    if arguments.executor == LOCAL:
        given = [name for name in JOB_OPTIONS if getattr(arguments, name) is not None]
        if given:
            option = f"--{given[0].replace('_', '-')}"
            raise UsageError(f"{option} needs jobs: add --executor {SLURM} or {SUBMITIT}")
    if arguments.slurm and arguments.executor != SLURM:
        raise UsageError(f"--slurm needs Slurm jobs: add --executor {SLURM}")


def find_scheduler(arguments: Namespace) -> "Scheduler | None":
    """The scheduler of the jobs; None if this machine measures.

    Raises `BenchError` if the scheduler is not available, `UsageError` if a job's time is too
    short.
    """
    if arguments.executor == LOCAL:
        return None
    from bench.runs.cluster.job import MARGIN_S
    from bench.runs.cluster.schedulers import LocalProcesses
    from bench.runs.cluster.slurm import Slurm
    from bench.runs.cluster.sweep import jobs_folder

    time_s = _job_time_s(arguments)
    if time_s < arguments.time_limit + 2 * MARGIN_S:
        least = math.ceil((arguments.time_limit + 2 * MARGIN_S) / 60)
        raise UsageError(
            f"--job-time {time_s / 60:g} is too short for a point of --time-limit "
            f"{arguments.time_limit:g} s: allow {least} minutes or more"
        )
    folder = jobs_folder(arguments.store) / "submitit"
    if arguments.executor == SUBMITIT:
        return LocalProcesses(folder, _workers(arguments), time_s)
    return Slurm(folder, _workers(arguments), time_s, _processes(arguments), dict(arguments.slurm))


def run_tasks(
    tasks: "Sequence[Task]",
    store: Store,
    scheduler: "Scheduler | None",
    arguments: Namespace,
    on_result: Callable[[Measurement], object],
) -> list[Measurement]:
    """Measure `tasks` on this machine, or in jobs of `scheduler`."""
    if scheduler is None:
        from bench.runs import runner

        return runner.run(
            tasks,
            store,
            jobs=_processes(arguments),
            time_limit_s=arguments.time_limit,
            on_result=on_result,
        )
    from bench.runs.cluster import sweep

    share = math.ceil(len(tasks) / (PACKS_PER_WORKER * _workers(arguments)))
    options = sweep.PackingOptions(
        points_per_job=arguments.points_per_job or max(1, min(share, MAX_POINTS_PER_JOB)),
        processes=_processes(arguments),
        requeues=REQUEUES if arguments.requeues is None else arguments.requeues,
        time_limit_s=arguments.time_limit,
        job_time_s=_job_time_s(arguments),
    )
    return sweep.run(tasks, store, scheduler, options, on_result=on_result)


def _workers(arguments: Namespace) -> int:
    return arguments.workers or WORKERS


def _processes(arguments: Namespace) -> int:
    """The number of processes on this machine or in each job."""
    if arguments.jobs:
        return int(arguments.jobs)
    if arguments.executor == SLURM:
        return CORES
    cores = environment.usable_cores()
    return cores if arguments.executor == LOCAL else max(1, cores // _workers(arguments))


def _job_time_s(arguments: Namespace) -> float:
    return 60.0 * (arguments.job_time or JOB_TIME_MIN)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _count_or_none(text: str) -> int:
    return 0 if text == "0" else _count(text)


def _parameter(text: str) -> tuple[str, str]:
    name, is_given, value = text.lstrip("-").partition("=")
    if not (name and is_given and value):
        raise ArgumentTypeError(f"{text!r} is not an option of sbatch: write name=value")
    return name.replace("-", "_"), value
