"""A sweep in jobs that are processes of this machine."""

from pathlib import Path

import pytest

from bench.commands import main
from bench.records.store import Store
from tests.bench.commands.lines import SMALL_SUITE


def test_a_sweep_in_processes_measures_what_a_sweep_without_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The figures have the same identities as those measured without jobs."""
    monkeypatch.chdir(tmp_path)
    suite = tmp_path / "small.toml"
    suite.write_text(SMALL_SUITE)
    jobs = ["--executor", "submitit-local", "--workers", "2", "--points-per-job", "1"]
    assert main(["run", str(suite), "--store", "jobs.sqlite", *jobs]) == 0
    assert main(["run", str(suite), "--store", "none.sqlite", "--jobs", "1"]) == 0
    with Store(Path("jobs.sqlite")) as in_jobs, Store(Path("none.sqlite")) as without:
        assert in_jobs.identities() == without.identities()
        assert [m.status for m in in_jobs.measurements()] == ["ok", "ok"]
    assert not Path("jobs.sqlite.jobs").exists()
