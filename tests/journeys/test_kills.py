"""Sweeps that are killed at random moments and started again until they end."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from bench.records.store import Store
from tests.journeys.groups import wait_for_the_end_of_group

KILLS = int(os.environ.get("BLVBENCH_KILLS", "4"))  # the nightly session sets more
SUITE = """
title = "Fast"
description = "Points that take milliseconds."
[[sweep]]
networks = ["tsn", "tsm", "tam"]
depths = [18]
frames = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
input_size = 32
quantities = ["params", "macs"]
"""
POINTS = 3 * 16 * 2
LAST_RESORT_S = 1800.0  # a sweep that takes longer has hung
LATER = 1.05


def start(folder: Path, store: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench", "run", "fast.toml", "--store", str(store)]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


def records(store: Path) -> list[str]:
    """Every record without its time, sorted."""
    with Store(store) as opened:
        found = [m.model_dump(mode="json", exclude={"measured_at"}) for m in opened.measurements()]
    return sorted(json.dumps(record, sort_keys=True) for record in found)


def test_killed_sweeps_end_as_undisturbed_ones(tmp_path: Path) -> None:
    (tmp_path / "fast.toml").write_text(SUITE)
    moments, kills, sweeps = random.Random(0), 0, 0
    began = time.monotonic()
    assert start(tmp_path, tmp_path / "undisturbed").wait(LAST_RESORT_S) == 0
    lasts_s = time.monotonic() - began
    expected = records(tmp_path / "undisturbed")
    assert len(expected) == POINTS
    while kills < KILLS:
        store = tmp_path / f"killed{sweeps}"
        while True:
            moment = moments.uniform(0, lasts_s) if kills < KILLS else LAST_RESORT_S
            began = time.monotonic()
            run = start(tmp_path, store)
            try:
                assert run.wait(moment) == 0
                lasts_s = time.monotonic() - began
                break
            except subprocess.TimeoutExpired:
                run.send_signal(signal.SIGKILL)
                run.wait()
                kills += 1
                lasts_s *= LATER  # otherwise, on a slower machine, every sweep is killed early
            wait_for_the_end_of_group(run.pid)
        sweeps += 1
        assert records(store) == expected
        print(f"{kills} kills of {sweeps} sweeps of {POINTS} points", flush=True)
