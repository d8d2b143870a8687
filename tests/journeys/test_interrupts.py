"""An interrupted run and an interrupted training go on with the same command."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.records.store import Store
from tests.bench.commands.lines import SMALL
from tests.bench.video.films import write_numbered
from tests.journeys.groups import wait_for_the_end_of_group

LAST_RESORT_S = 1800  # a command that takes longer has hung
SUITE = """
title = "Small"
description = "Fast points."
[[sweep]]
networks = ["tsn", "tsm", "tam"]
depths = [18]
frames = [1, 2, 3, 4, 5, 6, 7, 8]
input_size = 32
quantities = ["params", "macs"]
"""
POINTS = 3 * 8 * 2
STORED = 3  # results before the interrupt


def interrupted_once(is_so: Callable[[], bool], command: list[str]) -> str:
    """Interrupt a command when `is_so` becomes true, as a terminal does; returns its stderr."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + LAST_RESORT_S
    while time.monotonic() < deadline and process.poll() is None and not is_so():
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # the workers get the signal as well
    _, errors = process.communicate(timeout=LAST_RESORT_S)
    wait_for_the_end_of_group(process.pid)
    assert process.returncode == 130, errors
    assert "run the same command again to continue" in errors
    assert "Traceback" not in errors
    return errors


def stored(path: Path) -> list[str]:
    try:
        with Store(path) as store:
            return [m.model_dump_json() for m in store.measurements()]
    except BenchError:  # the run is creating it
        return []


@pytest.mark.usefixtures("_interruptible")
def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    suite, path = tmp_path / "small.toml", tmp_path / "store.sqlite"
    suite.write_text(SUITE)
    command = [sys.executable, "-m", "bench", "run", str(suite), "--store", str(path)]
    interrupted_once(lambda: len(stored(path)) >= STORED, [*command, "--jobs", "1"])
    before = stored(path)
    assert STORED <= len(before) < POINTS
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"{POINTS - len(before)} measured, {len(before)} found" in again.stdout
    after = stored(path)
    assert set(before) <= set(after)
    assert len(after) == POINTS


@pytest.mark.usefixtures("_interruptible")
def test_a_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for place, name in enumerate(("a", "b", "c")):
        (data / name).mkdir(parents=True)
        for number in range(4):
            write_numbered(data / name / f"{number}.mp4", 8 + 4 * place + number)

    def command(out: Path) -> list[str]:
        options = ["--epochs", "30", "--batch", "4", "--csv", f"{out}.csv", "--workers", "1"]
        where = ["--data", str(data), "--layout", "folders", "--out", str(out)]
        return [sys.executable, "-m", "bench", "train", "tsn", *SMALL, *options, *where]

    whole, cut = tmp_path / "whole.safetensors", tmp_path / "cut.safetensors"
    subprocess.run(command(whole), check=True, capture_output=True)
    log = Path(f"{cut}.csv")
    said = interrupted_once(lambda: log.exists() and log.read_text().count("\n") >= 5, command(cut))
    assert "is saved: " in said
    assert not cut.exists()
    again = subprocess.run(command(cut), check=True, capture_output=True, text=True)
    assert "Continuing after step" in again.stderr
    assert cut.read_bytes() == whole.read_bytes()
    assert log.read_text() == Path(f"{whole}.csv").read_text()
    assert not list(tmp_path.glob("*.training"))
