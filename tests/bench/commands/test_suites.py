import json

import pytest

from bench.commands import main
from suites import bundled_suites, load_suite


def test_every_suite_is_listed_with_all_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["suites", "--json"]) == 0
    listed = {suite.pop("name"): suite for suite in json.loads(capsys.readouterr().out)}
    assert list(listed) == list(bundled_suites())
    for name, found in listed.items():
        assert found == load_suite(name).model_dump(mode="json")


def test_the_table_has_a_row_for_each_suite(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    assert main(["suites"]) == 0
    rows = [line.split("│") for line in capsys.readouterr().out.splitlines() if "│" in line]
    assert [row[1].strip() for row in rows if row[1].strip()] == list(bundled_suites())
    paper = load_suite("paper")
    (row,) = (row for row in rows if row[1].strip() == "paper")
    assert row[2].strip() == paper.title
    assert row[3].strip() == paper.description.strip().splitlines()[0]
