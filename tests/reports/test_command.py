"""`blvbench report --against`: the changes since older results."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.records.measurement import Measurement
from bench.records.store import Store
from blvbench import main
from tests.records import measurement, point

OURS = {"formulation": "published"}


def counts(macs: int) -> list[Measurement]:
    """MACs of TSN, and bLVNet-TAM's, which decide a claim."""
    both: tuple[tuple[str, dict[str, str], int], ...] = (
        ("tsn", {}, macs),
        ("blvnet_tam", OURS, 10),
    )
    return [
        measurement(
            point(network=network, depth=depth, frames=16, options=options), samples=(count,)
        )
        for network, options, count in both
        for depth in (50, 101)
    ]


def put(path: Path, records: list[Measurement]) -> Path:
    with Store(path, create=True) as store:
        for number, record in enumerate(records):
            store.put(str(number), record)
    return path


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., int]:
    """Run the command on the store `new`, without recorded results."""
    (tmp_path / "none").mkdir()
    put(tmp_path / "new", counts(40))
    line = ["--store", tmp_path / "new", "--recorded", tmp_path / "none", "--out", tmp_path / "out"]

    def run(*arguments: object) -> int:
        return main(["report", *map(str, (*line, *arguments))])

    return run


def results(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "out" / "results.json").read_text())
    return content


def test_a_claim_that_flips_is_in_every_file(report: Callable[..., int], tmp_path: Path) -> None:
    assert report("--against", put(tmp_path / "old", counts(20))) == 0
    html, text = ((tmp_path / "out" / name).read_text() for name in ("index.html", "report.md"))
    for content in (html, text):
        assert "What changed" in content
        assert "200 MACs" not in content
        assert "2 measurements changed." in content
    assert html.index('<h2 id="answers"') < html.index('<h2 id="changes"')
    assert 'href="#changes"' in html
    row = "| 2.0000 | 4.0000 | not reproduced | reproduced |"
    assert text.count(row) == 2
    changes = results(tmp_path)["changes"]
    assert changes["claims"][0]["verdict"] == {"old": "not reproduced", "new": "reproduced"}
    assert [one["difference_percent"] for one in changes["measurements"]] == [100.0, 100.0]


def test_without_another_nothing_changed(report: Callable[..., int], tmp_path: Path) -> None:
    assert report() == 0
    assert "changes" not in results(tmp_path)
    assert "What changed" not in (tmp_path / "out" / "index.html").read_text()


def test_a_store_its_report_and_the_reports_folder_are_the_same(
    report: Callable[..., int], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert report() == 0
    for other in (tmp_path / "new", out / "results.json", out):
        assert report("--against", other) == 0
        changes = results(tmp_path)["changes"]
        assert changes["unchanged"] == 4
        assert not any(changes[key] for key in ("claims", "measurements", "not_compared"))
        assert not changes["environment"]


def test_what_was_recorded_is_on_both_sides_of_stores(
    report: Callable[..., int], tmp_path: Path
) -> None:
    latency = measurement(point(), quantity="latency", instrument="cpu", unit="seconds")
    store = put(tmp_path / "timed", [latency])
    assert main(["import", str(store), "--into", str(tmp_path / "none"), "--name", "x"]) == 0
    assert report("--against", put(tmp_path / "old", counts(40))) == 0
    assert results(tmp_path)["changes"]["not_compared"] == []
    assert len(results(tmp_path)["measurements"]) == 5


def test_names_of_the_other_results_are_text(report: Callable[..., int], tmp_path: Path) -> None:
    gone = measurement(point(network="<b>a|b</b>"))
    assert report("--against", put(tmp_path / "old", [gone])) == 0
    html, text = ((tmp_path / "out" / name).read_text() for name in ("index.html", "report.md"))
    assert "&lt;b&gt;a|b&lt;/b&gt; depth 50" in html
    assert "&lt;b&gt;a\\|b&lt;/b&gt; depth 50" in text
    assert "<b>a" not in html + text


def test_plots_are_files_where_they_are_asked_for(
    report: Callable[..., int], tmp_path: Path
) -> None:
    assert report() == 0
    assert not (tmp_path / "out" / "plots").exists()
    both_lengths = [
        m.model_copy(update={"point": m.point.model_copy(update={"frames": 8})}) for m in counts(20)
    ]
    with Store(tmp_path / "new", create=True) as store:
        for number, record in enumerate(both_lengths):
            store.put(f"short {number}", record)
    assert report("--plots") == 0
    names = {path.name for path in (tmp_path / "out" / "plots").iterdir()}
    assert {"macs.png", "macs.svg"} <= names


BAD = {
    "nothing there": (lambda path: None, "cannot be read (No such file"),
    "a folder without results": (lambda path: path.mkdir(), "results.json: cannot be read"),
    "text": (lambda path: path.write_text("text"), "is not JSON"),
    "another JSON file": (lambda path: path.write_text('{"a": 1}'), "a: unknown key"),
    "another version": (
        lambda path: path.write_text('{"claims": [], "format": 99}'),
        "is of format 99, this version reads 8",
    ),
    "an empty report": (
        lambda path: path.write_text('{"claims": [], "format": 6, "measurements": []}'),
        "has no measurements: give --against other results",
    ),
    "an empty store": (lambda path: put(path, []), "has no measurements"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_report_is_refused_in_a_line(
    case: str, report: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, message = BAD[case]
    make(tmp_path / "other")
    assert report("--against", tmp_path / "other") == 2
    error = capsys.readouterr().err
    assert f"blvbench: {tmp_path / 'other'}" in error
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_long_name_is_refused_in_a_line(
    report: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert report("--against", 300 * "x") == 2
    assert "File name too long" in capsys.readouterr().err
