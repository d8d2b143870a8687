import csv
from pathlib import Path

import pytest

from bench.machine.environment import current_environment
from reports.page import build_page
from reports.writer import write_report
from suites import load_claims
from tests.records import measurement, point


def test_several_samples_have_an_interval_and_a_dispersion_in_the_csv(tmp_path: Path) -> None:
    where = point(execution="compile")
    seconds = {"quantity": "latency", "instrument": "cpu", "unit": "seconds"}
    records = [
        measurement(point()),
        measurement(where, **seconds, samples=(1.0, 2.0, 3.0, 4.0, 5.0)),
    ]
    write_report(build_page(records, load_claims()), tmp_path)
    with (tmp_path / "results.csv").open(newline="") as file:
        latency, count = csv.DictReader(file)  # compiled comes before eager
    figures = ("value", "interval_low", "interval_high", "dispersion")
    assert [count[name] for name in figures] == ["1", "", "", ""]
    assert [float(latency[name]) for name in figures] == [3.0, 1.0, 5.0, pytest.approx(1 / 3)]
    assert (latency["execution"], latency["memory_format"]) == ("compile", "default")
    assert (count["machine"], latency["machine"]) == ("", current_environment().machine)
