"""A Slurm of one node, which starts from a generated configuration and ends with its tests.

It has no accounting, as on many clusters: a killed job leaves the queue, and nothing says why.
"""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
SBIN = "/usr/sbin:/sbin"  # the folders of the daemons are not in every user's path
LAST_RESORT_S = 1800  # daemons that take longer will not start
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=1
SwitchType=switch/none
MpiDefault=none
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
MinJobAge=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=tests Nodes={host} Default=YES MaxTime=60 State=UP
"""


def missing() -> str:
    """What this machine lacks to run Slurm; "" if nothing is missing."""
    lacking = [name for name in NEEDED if _which(name) is None]
    if lacking:
        return f"{lacking[0]} is not installed (apt-get install slurm-wlm munge)"
    return "" if os.geteuid() == 0 else "Slurm's daemons need root to run jobs"


@contextmanager
def started(folder: Path, cpus: int) -> Iterator[Path]:
    """Run Slurm from `folder` on a node of `cpus`; yields the path of its configuration."""
    for name in ("state", "spool"):
        (folder / name).mkdir()
    folder.chmod(0o755)
    configuration = folder / "slurm.conf"
    configuration.write_text(
        CONFIGURATION.format(
            host=socket.gethostname().partition(".")[0],
            user=getpass.getuser(),
            ports=_free_ports(2),
            folder=folder,
            cpus=cpus,
        )
    )
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    munge = [
        "munged",
        "--foreground",
        "--force",
        f"--key-file={key}",
        "--num-threads=2",
        f"--socket={folder}/munge.socket",
        f"--pid-file={folder}/munged.pid",
        f"--log-file={folder}/munged.log",
        f"--seed-file={folder}/munged.seed",
    ]
    with ExitStack() as daemons:
        for command in (
            munge,
            ["slurmctld", "-D", "-f", str(configuration)],
            ["slurmd", "-D", "-f", str(configuration)],
        ):
            daemons.enter_context(_daemon(command, folder))
            if command is munge:
                _wait((folder / "munge.socket").exists)
        _wait(lambda: "idle" in _printed(["sinfo", "-h", "-o", "%T"], configuration))
        yield configuration


@contextmanager
def _daemon(command: list[str], folder: Path) -> Iterator[None]:
    path = _which(command[0])
    assert path is not None
    with (folder / f"{command[0]}.out").open("wb") as out:
        process = subprocess.Popen([path, *command[1:]], stdout=out, stderr=out)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _printed(command: list[str], configuration: Path) -> str:
    environment = {**os.environ, "SLURM_CONF": str(configuration)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.stdout


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LAST_RESORT_S
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("Slurm does not start")
        time.sleep(0.2)


def _which(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SBIN}")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
