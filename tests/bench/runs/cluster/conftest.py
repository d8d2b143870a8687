import pytest

from bench.runs.cluster import schedulers, slurm
from tests.bench.runs.cluster.submitit import Submitit


@pytest.fixture
def submitit(monkeypatch: pytest.MonkeyPatch) -> Submitit:
    """Stands in for submitit where jobs are submitted; Slurm's commands are there."""
    made = Submitit()
    for module in (schedulers, slurm):
        monkeypatch.setattr(module, "import_submitit", lambda: made)
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    return made
