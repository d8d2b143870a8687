import os
from pathlib import Path

import pytest

from bench.machine import environment
from tests.records import measurement, point

GIB = 2**30


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", 8), ("150000 100000", 2), ("50000 100000", 1), ("999999 1000", 8), ("", 8)],
)
def test_a_container_has_the_cores_that_its_time_is_worth(
    quota: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(quota)
    monkeypatch.setattr(environment, "CPU_QUOTA", file)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert environment.usable_cores() == cores


def test_without_a_quota_all_cores_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "CPU_QUOTA", tmp_path / "none")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3}, raising=False)
    assert environment.usable_cores() == 2


def test_a_machine_is_called_by_its_accelerator_or_its_processor() -> None:
    where = measurement(point()).environment.model_copy(
        update={"processor": "Chip", "cores": 4, "memory_bytes": 8 * GIB}
    )
    assert where.machine == "Chip, 4 cores, 8 GiB"
    update = {"accelerator": "Card", "accelerator_memory_bytes": 80 * GIB}
    assert where.model_copy(update=update).machine == "Card, 80 GiB"
