from pathlib import Path

from bench.runs.cluster.locks import lock
from bench.runs.cluster.schedulers import LocalProcesses
from tests.bench.runs.cluster.submitit import FOLDER, PACKS, Submitit


def test_processes_of_this_machine_run_a_pack_each(submitit: Submitit, tmp_path: Path) -> None:
    local = LocalProcesses(FOLDER, 3, 90.0)
    assert (local.max_jobs, local.pool) == (3, "")
    assert local.submit(PACKS, gpu=True) == ["0", "1"]
    assert submitit.folders == [FOLDER]
    assert submitit.parameters == [{"timeout_min": 1.5}]
    assert submitit.submitted == [["1.json"], ["2.json"]]
    logs = {job: tmp_path / job for job in ("0", "1")}
    submitit.jobs[0].is_done = True
    assert local.alive(["0", "1"], logs) == {"1"}
    local.cancel(["1", "another"])
    assert [job.cancelled for job in submitit.jobs] == [False, True]


def test_a_process_that_another_run_started_lives_while_its_log_is_locked(
    submitit: Submitit, tmp_path: Path
) -> None:
    local = LocalProcesses(FOLDER, 3, 90.0)
    logs = {job: tmp_path / job for job in ("a", "b")}
    with lock(logs["a"]):
        assert local.alive(["a", "b"], logs) == {"a"}
    assert local.alive(["a", "b"], logs) == set()
