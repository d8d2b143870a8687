"""Points per hour against workers, in jobs of a real Slurm of one node, on points that sleep.

Sleeping costs no processor, so that one machine stands for several: what is measured is what jobs
cost themselves. Prints the table of docs/guides/cluster.md.
"""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bench.records.store import Store
from tests.journeys import slurm

pytestmark = pytest.mark.skipif(bool(slurm.missing()), reason=slurm.missing() or "Slurm is there")

WORKERS = (1, 2, 4)
NAP_S = 5.0
FRAMES = (1, 2, 3, 4)
NETWORKS = tuple(f"net{number}" for number in range(12))
NETWORK = f"""
import multiprocessing, time
from torch import nn
slept = set()
def net(num_classes, frames, name):
    if multiprocessing.parent_process() and (name, frames) not in slept:
        slept.add((name, frames))
        time.sleep({NAP_S})
    return nn.Sequential(nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(3, num_classes))
"""
SUITE = f"""
title = "Sleeping"
description = "Points that take five seconds and no processor, and those of a TSN that take none."
[[sweep]]
networks = ["tsn"]
frames = {list(FRAMES)}
input_size = 32
quantities = ["params"]
"""


def test_points_per_hour_grow_with_workers(
    benchmark: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    is_timed = not benchmark.disabled  # else one network and one worker show that all runs
    networks = NETWORKS if is_timed else NETWORKS[:1]
    points = len(networks) * len(FRAMES)  # that sleep
    builders = (
        f"def {name}(num_classes, frames): return net(num_classes, frames, {name!r})\n"
        for name in networks
    )
    (tmp_path / "net.py").write_text(NETWORK + "".join(builders))
    (tmp_path / "sleeping.toml").write_text(SUITE)
    command = [
        sys.executable,
        "-m",
        "bench",
        "run",
        "sleeping.toml",
        *(option for name in networks for option in ("--model", f"net.py:{name}")),
        "--executor",
        "slurm",
        "--jobs",
        "1",
        "--points-per-job",
        str(-(-points // WORKERS[-1])),
        "--job-time",
        "10",
        "--time-limit",
        "60",
    ]
    rates: dict[int, float] = {}
    (tmp_path / "slurm").mkdir()

    def run_all() -> None:
        for workers in WORKERS if is_timed else WORKERS[:1]:
            start = time.monotonic()
            options = ["--workers", str(workers), "--store", f"{workers}.sqlite"]
            subprocess.run([*command, *options], cwd=tmp_path, check=True, capture_output=True)
            rates[workers] = points / (time.monotonic() - start) * 3600
            with Store(tmp_path / f"{workers}.sqlite") as store:
                assert len(store.identities()) == points + len(FRAMES)

    with slurm.started(tmp_path / "slurm", max(WORKERS)) as configuration:
        monkeypatch.setenv("SLURM_CONF", str(configuration))
        benchmark.pedantic(run_all, rounds=1)
    benchmark.extra_info.update(rates)
    if not is_timed:
        return
    with capsys.disabled():
        print(
            f"\n| workers | points per hour, of {3600 / NAP_S:g} a worker at most |\n| --- | --- |"
        )
        for workers, rate in rates.items():
            print(f"| {workers} | {rate:,.0f} |")
    assert rates[2] > 1.5 * rates[1]
    assert rates[4] > 1.5 * rates[2]
