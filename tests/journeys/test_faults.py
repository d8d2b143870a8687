"""Faults injected into `blvbench run`, one by one: what it prints, and what the store then holds.

Each fault has a row in the README's table. Set BLVBENCH_WRITE_TABLES to write these rows again.
"""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.records.measurement import Measurement
from bench.records.store import Store
from tests.records import measurement, point

README = Path(__file__).parents[2] / "README.md"
HEADER = "| fault | exit code | message |\n| --- | --- | --- |\n"
LAST_RESORT_S = 1800  # a run that takes longer has hung
POINTS = 8  # in a run: four of the suite's network and four of the file's
FAULTY = 7  # the point that meets the fault
NETWORK = """
import os, shutil, signal, time
from torch import nn

class Net(nn.Module):
    def __init__(self, num_classes, frames):
        super().__init__()
        self.frames, self.head = frames, nn.Linear(3, num_classes)

    def forward(self, clip):
        if self.frames == 3 and not clip.is_meta and os.path.exists("fault"):
            exec(open("fault").read())
        return self.head(clip.mean((2, 3, 4)))
"""
SUITE = """
title = "Fast"
description = "Points of a network in which something goes wrong."
[[sweep]]
networks = ["tsn"]
depths = [18]
frames = [1, 2, 3, 4]
input_size = 32
quantities = ["macs:fvcore"]
"""
RUN = ["run", "fast.toml", "--store", "disk/store.sqlite", "--model", "net.py:Net", "--jobs", "1"]
DISK_FULL = """
with open("disk/filler", "wb", buffering=0) as filler:
    try:
        while True:
            filler.write(bytes(4096))
    except OSError:
        pass
"""
CLOCK_BACK = """
import bench.runs.tasks
class Back(bench.runs.tasks.datetime):
    @classmethod
    def now(cls, zone=None):
        return cls(1999, 1, 1, tzinfo=zone)
bench.runs.tasks.datetime = Back
"""
JOBS = ["--executor", "submitit-local"]
# The disk goes away with the shell, so its content is copied.
KEEP = "mkdir kept && cp disk/* kept && umount disk && mv kept/* disk; exit $code"
# A scheduler ends the processes of a job in any order. Here the job's own process is the last.
JOB_KILLED = """
import subprocess
job = int(open(f"/proc/{os.getppid()}/stat").read().split()[3])
subprocess.Popen(["sh", "-c", f"sleep 0.5; kill -KILL {job}"])
os.kill(os.getpid(), signal.SIGKILL)
"""
AT_A_POINT = {
    "worker killed": ("os.kill(os.getpid(), signal.SIGKILL)", []),
    "worker hanging": ("time.sleep(10**6)", ["--time-limit", "20"]),
    "out of memory": ("import torch; torch.empty(10**15)", []),
    "GPU lost": ("raise RuntimeError('CUDA error: uncorrectable ECC error encountered')", []),
    "job killed": (JOB_KILLED, [*JOBS, "--workers", "1", "--requeues", "0"]),
}
FAULTS = (
    *AT_A_POINT,
    "clock going back",
    "folder gone",
    "disk full",
    "store read-only",
    "store with a corrupt page",
    "baseline cut off",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text(NETWORK)
    (tmp_path / "fast.toml").write_text(SUITE)
    (tmp_path / "disk").mkdir()
    return tmp_path


def blvbench(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=LAST_RESORT_S, check=False
    )


def note(fault: str, exit_code: int, said: str, folder: Path) -> None:
    """Compare what a run printed with the fault's row, without what differs between runs."""
    said = said.strip().replace(f"{folder}/", "").replace("|", "\\|")
    said = re.sub(r"(the last,|job) [0-9]+", r"\1 4711", said)
    said = re.sub(r"\[enforce [^]]*\] err == 0\. ", "", said)
    said = re.sub(r"(is not JSON|is damaged) \(.*\):", r"\1 (...):", said)
    found = f"| {fault} | {exit_code} | {said} |"
    if "BLVBENCH_WRITE_TABLES" in os.environ:
        text = README.read_text(encoding="utf-8")
        README.write_text(text.replace(documented()[fault], found), encoding="utf-8")
    assert documented()[fault] == found


def documented() -> dict[str, str]:
    """The rows of the README's table, by fault."""
    _, _, rest = README.read_text(encoding="utf-8").partition(HEADER)
    rows = rest.partition("\n\n")[0].splitlines()
    return {row.split("|")[1].strip(): row for row in rows}


def stored(folder: Path, disk: str = "disk") -> list[Measurement]:
    with Store(folder / disk / "store.sqlite") as store:
        return store.measurements()


def finish(folder: Path) -> None:
    """Run again without the fault; check that every point is measured once."""
    (folder / "fault").unlink(missing_ok=True)
    again = blvbench(folder, *RUN)
    assert again.returncode == 0, again.stderr
    found = stored(folder)
    assert [m.status for m in found] == ["ok"] * POINTS
    assert len({m.point for m in found}) == POINTS


@pytest.mark.parametrize("fault", AT_A_POINT)
def test_a_point_that_fares_badly_has_its_status(folder: Path, fault: str) -> None:
    code, options = AT_A_POINT[fault]
    if "--time-limit" in options:  # only this point may time out: store the others first
        (folder / "fault").write_text("raise RuntimeError")
        blvbench(folder, *RUN)
    (folder / "fault").write_text(code)
    run = blvbench(folder, *RUN, *options)
    (line,) = (line for line in run.stdout.splitlines() if line.startswith("  "))
    _, _, said = line.partition("px: ")
    note(fault, run.returncode, said, folder)
    bad = [m for m in stored(folder) if m.status != "ok"]
    assert said == f"{bad[0].status}: {bad[0].reason}"
    assert [m.point.frames for m in bad] == [3]
    assert len(stored(folder)) == POINTS
    if bad[0].status == "oom":  # a result like any other
        assert run.returncode == 0
    else:
        assert run.returncode == 1
        finish(folder)


def test_the_clock_may_go_back(folder: Path) -> None:
    (folder / "fault").write_text(CLOCK_BACK)
    run = blvbench(folder, *RUN)
    note("clock going back", run.returncode, run.stdout.partition(": ")[2], folder)
    found = stored(folder)
    assert len({m.measured_at[:4] for m in found}) == 2
    assert [m.point.frames for m in found] == [1, 2, 3, 4] * 2  # in the order of their arrival


def test_a_run_ends_where_the_store_was_moved(folder: Path) -> None:
    (folder / "fault").write_text("os.rename('disk', 'moved')")
    run = blvbench(folder, *RUN)
    assert run.returncode == 2
    note("folder gone", run.returncode, run.stderr.splitlines()[-1], folder)
    assert len(stored(folder, "moved")) >= FAULTY - 1
    (folder / "moved").rename(folder / "disk")
    finish(folder)


def test_a_run_ends_where_the_disk_is_full(folder: Path) -> None:
    (folder / "fault").write_text(DISK_FULL)
    run = on_a_disk_of_its_own(folder, f"{shell(RUN)}; code=$?; rm -f disk/filler; {KEEP}")
    assert run.returncode == 2
    note("disk full", run.returncode, run.stderr.splitlines()[-1], folder)
    assert [m.status for m in stored(folder)] == ["ok"] * (FAULTY - 1)
    finish(folder)


def test_a_run_ends_where_the_store_is_read_only(folder: Path) -> None:
    with Store(folder / "store.sqlite", create=True) as store:
        store.put("id", measurement(point()))
    readable = f"{sys.executable} -m bench claims --store disk/store.sqlite > claims.txt"
    fill = "cp store.sqlite disk && mount -o remount,ro disk"
    run = on_a_disk_of_its_own(folder, f"{fill}; {shell(RUN)}; code=$?; {readable}; {KEEP}")
    assert run.returncode == 2
    note("store read-only", run.returncode, run.stderr.splitlines()[-1], folder)
    assert len(stored(folder)) == 1
    assert "not measured here" in (folder / "claims.txt").read_text()


def test_a_damaged_store_is_neither_read_nor_written(folder: Path) -> None:
    path = folder / "disk" / "store.sqlite"
    with Store(path, create=True) as store:
        for number in range(50):
            store.put(f"id{number}", measurement(point(frames=number + 1)))
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 4] = bytes(range(256)) * 16
    path.write_bytes(content)
    run = blvbench(folder, *RUN)
    assert run.returncode == 2
    note("store with a corrupt page", run.returncode, run.stderr, folder)
    assert path.read_bytes() == content
    assert blvbench(folder, "claims", "--store", str(path)).stderr == run.stderr.replace(
        "disk/", f"{folder}/disk/"
    )


def test_a_torn_baseline_is_refused(folder: Path) -> None:
    with Store(folder / "disk" / "store.sqlite", create=True) as store:
        store.put("id", measurement(point()))
    gate = ["gate", "--store", "disk/store.sqlite"]
    assert blvbench(folder, *gate, "--update", "baseline.json").returncode == 0
    whole = (folder / "baseline.json").read_bytes()
    (folder / "baseline.json").write_bytes(whole[: len(whole) // 2])
    run = blvbench(folder, *gate, "--baseline", "baseline.json")
    assert run.returncode == 2
    note("baseline cut off", run.returncode, run.stderr, folder)


def test_every_fault_of_the_readme_is_injected() -> None:
    assert tuple(documented()) == FAULTS


def shell(arguments: Sequence[str]) -> str:
    return " ".join([sys.executable, "-m", "bench", *arguments])


def on_a_disk_of_its_own(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run `script` with a file system of 256 KiB at `disk`, which exists only meanwhile."""
    mine = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    unshare = ["unshare", *mine, "--mount", "sh", "-c"]
    mount = "mount -t tmpfs -o size=256k none disk"
    if subprocess.run([*unshare, mount], cwd=folder, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not allow mounting a file system")
    return subprocess.run(
        [*unshare, f"{mount} && {script}"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LAST_RESORT_S,
        check=False,
    )
