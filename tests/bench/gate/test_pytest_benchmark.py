import json
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError
from bench.gate import baseline

ONE = {"fullname": "t", "stats": {"data": [1.0, 2.0]}}
WRONG: dict[str, tuple[Any, str]] = {
    "no list": ({}, "benchmarks: is not a list"),
    "no benchmark": ([7], "benchmark 1: "),
    "no name": ([{"stats": {"data": [1.0]}}], "benchmark 1: lacks 'fullname'"),
    "no statistics": ([{"fullname": "t"}], "benchmark 1: lacks 'stats'"),
    "no samples": ([{"fullname": "t", "stats": {"median": 1.0}}], "has no raw samples: write it"),
    "samples that are none": ([{"fullname": "t", "stats": {"data": "12"}}], "samples.0"),
    "NaN": ([{"fullname": "t", "stats": {"data": [float("nan")]}}], "a finite number"),
    "a name twice": ([ONE, ONE], "benchmark 2: t is a duplicate"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_an_error_in_one_line(case: str, tmp_path: Path) -> None:
    content, message = WRONG[case]
    path = tmp_path / "b.json"
    path.write_text(json.dumps({"benchmarks": content}))
    with pytest.raises(BenchError, match=message):
        baseline.read(path)


def test_the_machine_is_a_condition_if_the_file_names_it(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    machine = {"cpu": {"brand_raw": "A CPU", "count": 2}, "python_version": "3.11.7"}
    for info, expected in ((machine, ["2", "3.11.7", "A CPU"]), (7, []), ({"cpu": 7}, [])):
        path.write_text(json.dumps({"machine_info": info, "benchmarks": [ONE]}))
        (entry,) = baseline.read(path)
        assert sorted(entry.conditions.values()) == expected
