"""A stand-in for the package submitit, and the packs that tests submit through it."""

from pathlib import Path
from typing import Any

import blvbench

FOLDER = Path("folder")
PACKS = [Path("1.json"), Path("2.json")]


class Job:
    def __init__(self, number: int) -> None:
        self.job_id, self.is_done, self.cancelled = str(number), False, False

    def done(self) -> bool:
        return self.is_done

    def cancel(self, check: bool) -> None:
        assert not check
        self.cancelled = True


class Submitit:
    """Stands in for submitit: one kind of executor, which notes what it is given."""

    def __init__(self) -> None:
        self.folders: list[Path] = []
        self.parameters: list[dict[str, Any]] = []
        self.submitted: list[list[str]] = []
        self.jobs: list[Job] = []
        self.error: Exception | None = None
        self.LocalExecutor = self.SlurmExecutor = self.executor  # as the package calls them

    def executor(self, folder: Path) -> "Submitit":
        self.folders.append(folder)
        return self

    def update_parameters(self, **parameters: Any) -> None:
        self.parameters.append(parameters)

    def submit(self, call: object, pack: str) -> Job:
        assert call is blvbench.run_job
        self.submitted.append([pack])
        self.jobs.append(Job(len(self.jobs)))
        return self.jobs[-1]

    def map_array(self, call: object, packs: list[str]) -> list[Job]:
        if self.error:
            raise self.error
        first = len(self.jobs)
        for pack in packs:
            self.submit(call, pack)
        self.submitted = [*self.submitted[: -len(packs)], packs]
        return self.jobs[first:]
