import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.commands import Parser, main
from bench.commands.options.executors import _parameter, add_executor, find_scheduler
from tests.bench.commands.lines import SMALL_SUITE


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.toml"
    path.write_text(SMALL_SUITE)
    return path


def without_submitit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)


def without_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    pass


@pytest.mark.parametrize(
    ("options", "machine", "message"),
    [
        (["--workers", "2"], unchanged, "--workers needs jobs: add --executor slurm or"),
        (["--job-time", "5"], unchanged, "--job-time needs jobs"),
        (["--requeues", "0"], unchanged, "--requeues needs jobs"),
        (["--points-per-job", "3"], unchanged, "--points-per-job needs jobs"),
        (["--slurm", "partition=a"], unchanged, "--slurm needs Slurm jobs"),
        (
            ["--executor", "submitit-local", "--slurm", "a=b"],
            unchanged,
            "--slurm needs Slurm jobs",
        ),
        (
            ["--executor", "submitit-local", "--job-time", "5"],
            unchanged,
            "allow 11 minutes or more",
        ),
        (["--executor", "slurm", "--slurm", "gpu"], unchanged, "write name=value"),
        (["--executor", "slurm", "--workers", "0"], unchanged, "not a whole number of at least 1"),
        (["--executor", "somewhere"], unchanged, "invalid choice"),
        (["--executor", "slurm"], without_slurm, "sbatch and srun are not found"),
        (["--executor", "slurm"], without_submitit, "python -m pip install -e '.[slurm]'"),
        (
            ["--executor", "submitit-local"],
            without_submitit,
            "submitit, which submits jobs, is not installed",
        ),
    ],
)
def test_impossible_options_are_refused_before_a_store_is_made(
    suite: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    machine: Callable[[pytest.MonkeyPatch], None],
    message: str,
) -> None:
    machine(monkeypatch)
    assert main(["run", str(suite), "--store", "s.sqlite", *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not Path("s.sqlite").exists()


def find_pool(monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    """The pool of machines that measures the tasks of a command line."""
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    parser = Parser()
    add_executor(parser)
    arguments = parser.parse_args(["--executor", "slurm", *options])
    scheduler = find_scheduler(
        Namespace(**vars(arguments), time_limit=60.0, store=Path("s.sqlite"))
    )
    assert scheduler is not None
    return scheduler.pool


def test_a_pool_has_the_options_that_select_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = find_pool(monkeypatch, "--slurm", "partition=a")
    assert plain == "slurm cpus_per_task=4 partition=a"
    assert find_pool(monkeypatch, "--slurm", "partition=b") != plain
    assert find_pool(monkeypatch, "--slurm", "partition=a", "--jobs", "2") != plain
    assert find_pool(monkeypatch, "--slurm", "partition=a", "--slurm", "constraint=h100") != plain
    assert find_pool(monkeypatch, "--slurm", "account=me", "--slurm", "partition=a") == plain
    assert find_pool(monkeypatch, "--workers", "3", "--slurm", "partition=a") == plain


def test_options_of_sbatch_may_have_leading_dashes() -> None:
    assert _parameter("--mem-per-cpu=4G") == _parameter("mem_per_cpu=4G") == ("mem_per_cpu", "4G")
