import json

import pytest

from bench.commands import main
from bench.instruments import doctor
from bench.instruments.doctor import Check

GOOD = Check("Clock", True, "it ticks", "")
BAD = Check("Counters", False, "they differ", "mend them")


def with_checks(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> None:
    monkeypatch.setattr(doctor, "CHECKS", tuple((lambda c=c: c) for c in checks))


def test_a_machine_without_problems_exits_0(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_checks(monkeypatch, GOOD)
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [vars(GOOD)]


def test_a_failed_check_exits_1_with_advice(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_checks(monkeypatch, GOOD, BAD)
    assert main(["doctor"]) == 1
    rows = [line.split("│") for line in capsys.readouterr().out.splitlines() if "│" in line]
    cells = [[cell.strip() for cell in row[1:-1]] for row in rows]
    assert cells == [
        ["ok", "Clock", "it ticks", ""],
        ["FAILED", "Counters", "they differ", "mend them"],
    ]
    assert main(["doctor", "--json"]) == 1
