"""Sweeps through a real Slurm of one node; skipped if Slurm is not installed."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.records.store import Store
from tests.journeys import slurm

pytestmark = pytest.mark.skipif(bool(slurm.missing()), reason=slurm.missing() or "Slurm is there")

CPUS = 4
LAST_RESORT_S = 1800  # a sweep that takes longer has hung
NETWORK = """
import multiprocessing, os, time
from torch import nn
def net(num_classes, frames):
    if multiprocessing.parent_process():
        time.sleep(0.5)
        if os.path.exists(f"held-{frames}"):  # until the test has killed the job
            array, task = (os.environ[f"SLURM_ARRAY_{it}_ID"] for it in ("JOB", "TASK"))
            open("holder", "w").write(f"{array}_{task}")
            while os.path.exists(f"held-{frames}"):
                time.sleep(0.1)
    return nn.Sequential(nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(3, num_classes))
"""
SUITE = """
title = "Slow"
description = "Points that take half a second."
[[sweep]]
networks = ["tsn"]
depths = [18]
frames = [1, 2, 3, 4, 5, 6, 7, 8]
input_size = 32
quantities = ["params"]
[[sweep]]
networks = ["tsn"]
depths = [18]
frames = [1, 2]
input_size = 32
quantities = ["memory:cpu"]
"""
POINTS = 2 * (8 + 2)  # of the suite's network and of the file's
RUN = [
    sys.executable,
    "-m",
    "bench",
    "run",
    "slow.toml",
    "--store",
    "s",
    "--model",
    "net.py:net",
    "--executor",
    "slurm",
    "--workers",
    "2",
    "--jobs",
    "1",
    "--points-per-job",
    "4",
    "--job-time",
    "50",
    "--time-limit",
    "1800",
    "--slurm",
    "partition=tests",
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with slurm.started(tmp_path_factory.mktemp("slurm"), CPUS) as configuration:
        yield configuration


@pytest.fixture
def folder(tmp_path: Path, cluster: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLURM_CONF", str(cluster))
    (tmp_path / "slow.toml").write_text(SUITE)
    (tmp_path / "net.py").write_text(NETWORK)
    return tmp_path


def queue(states: str = "running,pending") -> list[str]:
    """The ids of this user's jobs."""
    command = ["squeue", "--noheader", "--array", "--format=%i", f"--states={states}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*RUN, *options], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def stored(folder: Path) -> int:
    if not (folder / "s").exists():
        return 0
    with Store(folder / "s") as store:
        return len(store.identities())


def wait(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + LAST_RESORT_S
    while not is_so():
        assert time.monotonic() < deadline, "the awaited state did not come"
        time.sleep(0.2)


def submissions(cluster: Path) -> int:
    """The number of jobs and arrays submitted so far."""
    return (cluster.parent / "slurmctld.log").read_text().count("_slurm_rpc_submit_batch_job")


def test_a_sweep_whose_job_is_killed_is_finished(folder: Path, cluster: Path) -> None:
    before = submissions(cluster)
    held, holder = folder / "held-7", folder / "holder"
    held.touch()
    run = start(folder)
    wait(lambda: holder.exists() and holder.read_text())
    subprocess.run(["scancel", "--signal=KILL", holder.read_text()], check=True)
    wait(lambda: holder.read_text() not in queue("running"))
    held.unlink()
    printed, errors = run.communicate(timeout=LAST_RESORT_S)
    assert run.returncode == 0, printed + errors
    assert f"s: {POINTS} measured, 0 found in the store, 0 failed\n" in printed
    assert submissions(cluster) > before + 2  # two arrays, and a job for the killed point
    assert not (folder / "s.jobs").exists()
    with Store(folder / "s") as store:
        assert [m.status for m in store.measurements()] == ["ok"] * POINTS
    again = subprocess.run(RUN, cwd=folder, capture_output=True, text=True, check=True)
    assert f"s: 0 measured, {POINTS} found in the store" in again.stdout


def test_a_sweep_that_is_killed_goes_on_with_the_jobs_it_had(folder: Path, cluster: Path) -> None:
    run = start(folder)
    wait(lambda: stored(folder) >= 1)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    before = submissions(cluster)
    assert queue()
    printed = subprocess.run(RUN, cwd=folder, capture_output=True, text=True, check=True).stdout
    ((measured, found),) = re.findall(r"(\d+) measured, (\d+) found", printed)
    assert int(measured) + int(found) == POINTS
    assert int(found) >= 1
    assert submissions(cluster) == before
    with Store(folder / "s") as store:
        assert [m.status for m in store.measurements()] == ["ok"] * POINTS


@pytest.mark.usefixtures("_interruptible")
def test_an_interrupt_takes_what_waits_out_of_the_queue(folder: Path) -> None:
    run = start(folder, "--points-per-job", "2", "--workers", "1")
    wait(lambda: stored(folder) >= 1)
    assert queue("pending")
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=LAST_RESORT_S)
    assert run.returncode == 130
    assert "run the same command again to continue" in errors
    wait(lambda: not queue())
    assert 1 <= stored(folder) < POINTS
    subprocess.run([*RUN, "--points-per-job", "10"], cwd=folder, capture_output=True, check=True)
    assert stored(folder) == POINTS


def test_what_slurm_refuses_is_a_line(folder: Path) -> None:
    run = start(folder, "--slurm", "partition=nowhere")
    _, errors = run.communicate(timeout=LAST_RESORT_S)
    assert run.returncode == 2
    assert "invalid partition specified: nowhere" in errors
    assert "correct --slurm" in errors
