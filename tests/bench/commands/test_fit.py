import json
from typing import Any

import pytest

from bench.choice import gpu_fit, gpu_trial
from bench.commands import main
from bench.instruments.memory import PeakMemory
from bench.machine import environment
from bench.records.measurement import Environment
from bench.records.point import Point
from tests.bench.commands.lines import refusal
from tests.bench.instruments.memory.traces import make_trace, peak_of

MIB = 2**20
SMALL = ("fit", "tsn", "--depth", "18", "--frames", "8", "--input-size", "32")
GPU = {"accelerator": "Big GPU", "accelerator_memory_bytes": 4096 * MIB}


@pytest.fixture(autouse=True)
def sized(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that takes 100 MiB for a clip of 8 frames, on a machine without a GPU.

    Without errors of the simulation, a GPU of 4,096 MiB has 3,090 MiB for it for sure, and 3,842 at
    best.
    """

    def simulate(point: Point) -> PeakMemory:
        size_mib = point.batch * point.frames * 100 // 8
        return peak_of(make_trace(passes=[(1, size_mib)]), size_mib)

    monkeypatch.setattr(gpu_fit, "simulate_point", simulate)
    monkeypatch.setattr(gpu_fit, "LEAST_ERROR", 0.0)
    monkeypatch.setattr(gpu_fit, "GREATEST_ERROR", 0.0)
    monkeypatch.setenv("COLUMNS", "200")
    on_machine(monkeypatch)


def on_machine(monkeypatch: pytest.MonkeyPatch, **card: Any) -> None:
    here = environment.current_environment()

    def current(device: str | None = None) -> Environment:
        return here.model_copy(update=card if device == "cuda" else {})

    monkeypatch.setattr(environment, "current_environment", current)


def run_json(capsys: pytest.CaptureFixture[str], *line: str) -> dict[str, Any]:
    assert main([*line, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def run_table(capsys: pytest.CaptureFixture[str], *line: str) -> tuple[list[list[str]], list[str]]:
    """The rows of the table and the lines below it."""
    assert main(list(line)) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [[cell.strip() for cell in text.split("│")[1:-1]] for text in lines if "│" in text]
    end = next(n for n, text in enumerate(lines) if text.startswith("└"))
    return rows, lines[end + 1 :]


def test_the_given_point_the_largest_batch_and_the_most_frames_are_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows, below = run_table(capsys, *SMALL, "--memory", "4GiB", "--batch", "10")
    assert [row[:4] for row in rows] == [
        ["as given", "10", "8", "fits"],
        ["largest batch", "30", "8", "fits"],
        ["", "38", "8", "too close to say"],
        ["", "39", "8", "does not fit"],
        ["most frames", "10", "24", "fits"],
        ["", "10", "30", "too close to say"],
        ["", "10", "31", "does not fit"],
    ]
    assert rows[0][4:] == [
        "1,000 MiB",
        "1,000 MiB",
        "1,254 to 2,005 MiB",
        "+2,091 to +2,842 MiB",
    ]
    assert rows[3][-1] == "-809 to -58 MiB"
    assert "4,096 MiB beside the tensors and a CUDA context of 254 to 1,005 MiB" in below[0]
    assert below[1:] == ["Not confirmed: this machine has no CUDA device with so much memory."]


def test_json_has_the_same_figures_in_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, *SMALL, "--memory", "4GiB", "--batch", "10", "--max-frames", "9")
    assert found["memory_bytes"] == 4096 * MIB
    assert found["given"]["point"]["batch"] == 10
    assert found["given"]["process_bytes"] == [1253.75 * MIB, 2005.25 * MIB]
    assert found["given"]["margin_bytes"] == [2090.75 * MIB, 2842.25 * MIB]
    largest = found["largest_batch"]
    assert [largest[name]["point"]["batch"] for name in ("fits", "may_fit", "beyond")] == [
        30,
        38,
        39,
    ]
    assert largest["limit"] == ""
    frames = found["most_frames"]
    assert (frames["fits"]["point"]["frames"], frames["beyond"]) == (9, None)
    assert frames["limit"] == "--max-frames 9"
    assert found["confirmed"] == {}


def test_settings_of_the_allocator_are_simulated(capsys: pytest.CaptureFixture[str]) -> None:
    line = (*SMALL, "--memory", "4GiB")
    assert run_json(capsys, *line)["given"]["reserved_bytes"] == 100 * MIB
    expandable = run_json(capsys, *line, "--frames", "9", "--expandable-segments")
    assert expandable["given"]["reserved_bytes"] == 120 * MIB  # 112 MiB on six pages of 20
    assert "at least 20, not 1" in refusal(capsys, *line, "--max-split-size", "1MiB")


def test_the_end_of_a_search_and_returned_caches_are_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = make_trace(passes=[(1, 1500), (1, 0), (2, 2000)])
    monkeypatch.setattr(gpu_fit, "simulate_point", lambda _: peak_of(trace, 2000))
    rows, below = run_table(capsys, *SMALL, "--memory", "4GiB", "--max-frames", "9")
    assert [row[3] for row in rows] == ["fits *"] * 3
    end = "The search for the most frames ended with the last candidate: --max-frames 9."
    assert end in below
    assert any(text.startswith("* It fits if PyTorch gives cached memory back") for text in below)


def test_the_memory_is_required_without_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    error = refusal(capsys, *SMALL)
    assert error.endswith("this machine has no CUDA device: give --memory SIZE, such as 24GiB")


def test_answers_are_confirmed_on_a_gpu(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_machine(monkeypatch, **GPU)
    starts: list[tuple[int, int]] = []

    def find_largest(_: object, start: int, device: str, memory_bytes: int, limit_s: float) -> int:
        assert (device, limit_s) == ("cuda", 5)
        starts.append((start, memory_bytes))
        return start + 1

    monkeypatch.setattr(gpu_trial, "runs", lambda *_: True)
    monkeypatch.setattr(gpu_trial, "find_largest", find_largest)
    line = (*SMALL, "--batch", "10", "--time-limit", "5")
    assert run_json(capsys, *line)["confirmed"] == {
        "on": "Big GPU, 4 GiB",
        "given": True,
        "largest_batch": 31,
        "most_frames": 25,
    }
    assert starts == [(30, 4096 * MIB), (24, 4096 * MIB)]
    _, below = run_table(capsys, *line)
    assert below[-1] == (
        "Confirmed on Big GPU, 4 GiB: as given it runs; the largest batch that runs is 31, the "
        "most frames are 25."
    )
    larger = run_json(capsys, *line, "--memory", "5GiB")
    assert larger["confirmed"] == {}


def test_where_nothing_fits_a_trial_starts_with_one_clip(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_machine(monkeypatch, **GPU)
    monkeypatch.setattr(gpu_trial, "runs", lambda *_: False)
    monkeypatch.setattr(gpu_trial, "find_largest", lambda _, start, *__: start - 1)
    rows, below = run_table(capsys, *SMALL, "--memory", "100MiB")
    assert {row[3] for row in rows} == {"does not fit"}
    assert below[-1].endswith(
        "as given it does not run; the largest batch that runs is 0, the most frames are 0."
    )


def test_an_impossible_network_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    line = ("fit", "blvnet", "--frames", "7", "--memory", "4GiB")
    assert "use 6 or 8" in refusal(capsys, *line)
    error = refusal(capsys, *SMALL, "--memory", "4GiB", "--max-frames", "0")
    assert error.endswith("--max-frames must be at least 1, not 0")
