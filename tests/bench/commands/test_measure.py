import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from bench.commands import main
from bench.records.measurement import Measurement
from bench.runs import workers
from bench.runs.tasks import Task
from bench.runs.workers import Result
from tests.bench.choice.known import cost
from tests.bench.commands.lines import refusal

SMALL = ("measure", "tsn", "--depth", "18", "--frames", "1", "--input-size", "32")
PARAMS = 11_176_512 + 174 * 513  # of ResNet-18 without its classifier, and of that


def run_json(capsys: pytest.CaptureFixture[str], *line: str) -> list[dict[str, Any]]:
    assert main([*line, "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def cells(capsys: pytest.CaptureFixture[str], *line: str) -> list[list[str]]:
    """The cells of a command's table, without its headings."""
    main(list(line))
    rows = [row.split("│")[1:-1] for row in capsys.readouterr().out.splitlines() if "│" in row]
    return [[cell.strip() for cell in row] for row in rows]


def test_counts_are_measured_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    records = run_json(capsys, *SMALL)
    assert [(r["quantity"], r["instrument"]) for r in records] == [
        ("params", "shapes"),
        ("macs", "flop_counter"),
        ("memory", "simulated"),
    ]
    assert records[0]["value"] == PARAMS


def test_quantities_are_measured_in_the_given_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    records = run_json(capsys, *SMALL, "--quantity", "macs:fvcore, params")
    assert [r["instrument"] for r in records] == ["fvcore", "shapes"]


def test_the_table_has_a_row_for_each_quantity(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    (row,) = cells(capsys, *SMALL, "--quantity", "params")
    assert row == [
        "params",
        f"{PARAMS:,} parameters",
        "shapes",
        "tsn depth 18, 1 frames, batch 1, infer, 32 px",
    ]


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The instruments that a worker runs; each figure is 1 s, with a warning."""
    labels: list[str] = []

    def measure_tasks(tasks: Sequence[Task], *, jobs: int, time_limit_s: float) -> Iterator[Result]:
        assert (jobs, time_limit_s) == (1, 5.0)
        for task in tasks:
            labels.append(task.instrument.label)
            yield task.identity, cost("latency:cpu", task.point, 1.0, warnings=("it was loud",))

    monkeypatch.setattr(workers, "measure_tasks", measure_tasks)
    return labels


def test_times_are_measured_by_a_worker_and_warnings_are_printed_once(
    capsys: pytest.CaptureFixture[str], timed: list[str]
) -> None:
    line = [*SMALL, "--quantity", "params,latency:cpu,latency", "--time-limit", "5"]
    assert main(line) == 0
    assert timed == ["latency:cpu", "latency:cpu"]
    warnings = [row for row in capsys.readouterr().out.splitlines() if row.startswith("Warning")]
    assert warnings == ["Warning: latency:cpu: it was loud"]


def test_a_failure_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    line = [*SMALL, "--mode", "train", "--quantity", "memory,params", "--json"]
    assert main(line) == 1
    assert [r["status"] for r in json.loads(capsys.readouterr().out)] == ["failed", "ok"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--per-layer", "--quantity", "macs"), "--per-layer lists a forward pass: leave"),
        (("--per-layer", "--mode", "train"), "--per-layer lists a forward pass: leave"),
        (("--quantity", "macs,"), "there is no quantity ''"),
    ],
)
def test_contradictory_options_are_refused(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    assert message in refusal(capsys, *SMALL, *options)


def test_modules_are_listed_with_their_sums(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = run_json(capsys, *SMALL, "--per-layer")
    assert sum(layer["params"] for layer in layers) == PARAMS
    monkeypatch.setenv("COLUMNS", "200")
    rows = cells(capsys, *SMALL, "--per-layer")
    assert len(rows) == len(layers) + 1
    macs, size = (sum(layer[name] for layer in layers) for name in ("macs", "activation_bytes"))
    assert rows[-1] == [
        f"all {len(layers)} modules", "", "", f"{PARAMS:,}", f"{macs:,}", f"{size:,}"
    ]  # fmt: skip
    assert rows[0][2] == " x ".join(map(str, layers[0]["output_shape"]))


def test_an_impossible_network_is_bad_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: Task) -> Measurement:
        raise AssertionError

    monkeypatch.setattr(Task, "measure", never)
    assert "use 6 or 8" in refusal(capsys, "measure", "blvnet", "--frames", "7")
    assert "no option 'windw'" in refusal(capsys, *SMALL, "--option", "windw=5")
