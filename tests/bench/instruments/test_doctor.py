from pathlib import Path

import pytest

from bench.instruments import doctor, macs, macs_fvcore
from bench.instruments.macs import MacCount


def failed_checks() -> list[doctor.Check]:
    return [result for check in doctor.CHECKS if not (result := check()).passed]


def test_this_machine_is_well() -> None:
    assert failed_checks() == []


def test_counters_that_disagree_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(macs_fvcore, "count", lambda model, shape: MacCount({"conv": 1}, {}))
    failed = failed_checks()
    assert [check.name for check in failed] == ["Two MAC counters"]
    assert failed[0].advice


def test_a_check_that_raises_has_failed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("no such operator")

    monkeypatch.setattr(macs, "count", broken)
    failed = failed_checks()
    assert [check.finding for check in failed] == ["RuntimeError: no such operator"]
