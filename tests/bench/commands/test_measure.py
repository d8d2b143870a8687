import json
from collections.abc import Iterator, Sequence
from pathlib import Path
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
        "tsn depth 18, 1 frame, batch 1, infer, 32 px",
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


def test_a_figure_that_is_missing_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    line = [*SMALL, "--mode", "train", "--quantity", "memory,params", "--json"]
    assert main(line) == 1
    assert [r["status"] for r in json.loads(capsys.readouterr().out)] == ["unsupported", "ok"]


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


LAZY = """
from torch import nn

class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.fc = nn.LazyLinear(num_classes)

    def forward(self, frames):  # (N*T) x C x H x W
        n, c, h, w = frames.shape
        return {"main": self.fc(frames.mean((2, 3))).view(-1, 2, 5).mean(1), "other": None}
"""


def test_a_network_of_another_form_is_measured_by_module(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "own.py"
    file.write_text(LAZY)
    line = ["measure", "--model", f"{file}:Net", "--frames", "2", "--num-classes", "5"]
    layers = run_json(capsys, *line, "--input", "folded", "--per-layer")
    assert {row["name"]: row["params"] for row in layers if row["params"]} == {"fc": 3 * 5 + 5}
    assert refusal(capsys, *line).endswith("it takes (N*T) x C x H x W: use --input folded")


def test_forms_are_for_networks_in_files(capsys: pytest.CaptureFixture[str]) -> None:
    text = refusal(capsys, *SMALL, "--input", "folded", "--output", "main")
    assert "--input and --output: are for a network in your own file: give --model" in text


def test_a_warning_of_several_figures_is_printed_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "own.py"
    file.write_text(LAZY)
    line = ["measure", "--model", f"{file}:Net", "--frames", "2", "--num-classes", "5"]
    assert main([*line, "--input", "folded", "--quantity", "params,macs"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("params:shapes, macs:flop_counter: ") == 1
    assert printed.count("of which 'main' is used") == 1
