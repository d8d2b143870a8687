"""What a comparison leaves out, and why; and the input that it refuses."""

from pathlib import Path

import pytest

from bench.choice import candidates
from bench.commands import main
from bench.records.measurement import Measurement
from bench.records.store import Store
from bench.runs import runner
from bench.runs.tasks import Task
from models import registry
from suites import load_networks, load_published
from tests.bench.commands.comparing import OWN, SMALL, by_network, compare
from tests.bench.commands.lines import refusal
from tests.records import measurement, point


def test_networks_whose_library_is_missing_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "installed_networks", lambda: ["tsn"])
    monkeypatch.setattr(registry, "find_spec", lambda _: None)
    line = ["compare", "--macs", "0.25G", "--depths", "18", *SMALL]
    assert main([*line, "--store", str(tmp_path / "s.sqlite")]) == 0
    said = "Not compared: timesformer, videomae, vivit, vjepa2: python -m pip install transformers"
    assert said in capsys.readouterr().out
    found = compare(capsys, *line[1:], "--store", str(tmp_path / "s.sqlite"))
    assert found["not_installed"]["transformers"] == ["timesformer", "videomae", "vivit", "vjepa2"]
    assert main([*line, "--networks", "tsn", "--store", str(tmp_path / "s.sqlite")]) == 0
    assert "Not compared" not in capsys.readouterr().out


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> str:
    """What is said of VideoMAE, whose library is not there."""

    def run(tasks: list[Task], store: Store, **_: object) -> list[Measurement]:
        return [task.measure() for task in tasks]

    monkeypatch.setattr(runner, "run", run)  # in this process, where the library is hidden
    monkeypatch.setattr(registry, "find_spec", lambda _: None)
    return "videomae needs the package transformers: python -m pip install transformers"


def test_a_named_network_without_its_library_is_named(
    no_library: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["--macs", "0.25G", "--depths", "18", "--max-frames", "2"]
    line += ["--networks", "videomae,tsn", "--store", str(tmp_path / "s.sqlite")]
    found = by_network(compare(capsys, *line))
    assert found["videomae", None]["status"] == "refused"
    assert found["videomae", None]["reason"] == no_library
    assert found["tsn", 18]["status"] == "does_not_fit"
    assert main(["compare", *line]) == 0
    printed = capsys.readouterr().out
    assert f"Not compared: {no_library}\n" in printed
    assert "Nothing fits" in printed  # of what has a figure


def test_where_nothing_has_a_figure_one_line_says_why(
    no_library: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["compare", "--macs", "33G", "--store", str(tmp_path / "s.sqlite")]
    for ending in (["--networks", "videomae"], ["--networks", "videomae", "--json"]):
        assert refusal(capsys, *line, *ending) == f"blvbench: nothing can be compared: {no_library}"
    some = ["--networks", "videomae,blvnet,hiera,mvit_v2_s", "--frames", "7"]
    said = refusal(capsys, *line, *some)
    assert "blvnet takes a multiple of 2 frames, not 7: use 6 or 8; hiera takes" in said
    assert said.endswith("; and 1 more")


def test_networks_that_do_not_take_the_size_asked_for_are_named(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    line = ["--macs", "100G", "--depths", "18", "--max-frames", "2", "--store", str(store)]
    networks = ["--networks", "tsn,hiera"]
    found = by_network(compare(capsys, *line, *networks, "--input-size", "256"))
    assert (found["tsn", 18]["input_size"], found["tsn", 18]["status"]) == (256, "fits")
    assert found["hiera", None]["status"] == "refused"
    said = "hiera takes frames of 224 px, not 256 px: use 224"
    assert found["hiera", None]["reason"] == said
    assert main(["compare", *line, *networks, "--input-size", "256"]) == 0
    printed = capsys.readouterr().out
    assert f"Not compared: {said}\n" in printed
    assert "size" not in printed.splitlines()[2]
    line[2:4] = []
    error = refusal(capsys, "compare", *line, "--networks", "hiera", "--input-size", "256")
    assert error == f"blvbench: nothing can be compared: {said}"
    budget = ["--macs", "hiera::2", "--networks", "tsn", "--input-size", "256"]
    assert refusal(capsys, "compare", *budget) == f"blvbench: {said}"


def test_a_network_at_another_size_than_the_others_shows_it(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    line = ["--macs", "1G", "--networks", "tsn,mvit_v2_l", "--depths", "18", "--max-frames", "40"]
    line += ["--store", str(store)]
    sizes = {
        name: one["input_size"] for (name, _), one in by_network(compare(capsys, *line)).items()
    }
    assert sizes == {"tsn": 224, "mvit_v2_l": 312}
    assert main(["compare", *line]) == 0
    printed = capsys.readouterr().out
    assert "│ 312 px │" in printed
    assert "│ 224 px │" in printed


def test_rows_without_an_accuracy_are_shown_for_named_networks_and_with_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(candidates, "installed_networks", lambda: ["tsn", "tsm"])
    tested = point(depth=18, frames=2, num_classes=16, input_size=32, dataset="mine")
    path = tmp_path / "s.sqlite"
    with Store(path, create=True) as opened:
        fields = {"quantity": "accuracy", "instrument": "evaluated", "unit": "percent"}
        opened.put("accuracy", measurement(tested, **fields, samples=(100, 0)))
    line = ["compare", "--macs", "1G", "--depths", "18", "--dataset", "mine", *SMALL]
    line += ["--store", str(path)]
    for others, rows in (([], 1), (["--all"], 2), (["--networks", "tsm,tsn"], 2)):
        assert main([*line, *others]) == 0
        printed = capsys.readouterr().out
        assert ("│ tsm" in printed, "1 row. '--all'" in printed) == (rows == 2, rows == 1)


UNBUILT = {(one.dataset, one.pretraining) for one in load_networks() if not one.row}
ALONE = sorted(UNBUILT - {(row.dataset, row.pretraining) for row in load_published()})


@pytest.mark.parametrize(("dataset", "pretraining"), ALONE)
def test_a_pretraining_of_networks_that_are_not_built_lists_them(
    dataset: str, pretraining: str, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["--macs", "1G", "--networks", "tsn", "--depths", "18", "--max-frames", "1"]
    line += ["--dataset", dataset, "--pretrain", pretraining.lower(), "--store", str(store)]
    for per in ("clip", "video"):
        found = compare(capsys, *line, "--per", per)
        own = [n for n in load_networks() if (n.dataset, n.pretraining) == (dataset, pretraining)]
        assert [one["name"] for one in found["not_built"]] == [one.name for one in own]
        assert {one["reason"] for one in found["not_built"]} == {one.not_built for one in own}
        assert not any(choice["accuracies"] for choice in found["choices"])
    assert main(["compare", *line]) == 0
    printed = capsys.readouterr().out
    for one in own:
        assert f"({one.not_built}): " in printed
        assert f"{one.top1:.1f} by {one.name}, {one.frames_x_stride} (" in printed


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["--params", "30M"], "--per video charges the MACs of all views: give --macs too"),
        (
            ["--macs", "33G", "--latency", "50ms"],
            "--latency limits a batch of clips: leave out --per video",
        ),
    ],
)
def test_budgets_that_are_not_of_a_video_are_refused_per_video(
    line: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, "compare", *line, "--per", "video").endswith(message)


BUDGET = ("--macs", "33G")
BAD_INPUT = {
    "no budget": ((), "give a budget: --macs 33G"),
    "an unknown pretraining": (
        ("--macs", "33G", "--pretrain", "in22k"),
        "'in22k' and tested on something-something-v2 (did you mean 'in1k'?): choose among",
    ),
    "FLOPs": (("--macs", "33 GFLOPs"), "write 33G MACs"),
    "0 MACs": (("--macs", "0"), "write more than 0"),
    "negative": (("--macs=-3G",), "is not a count"),
    "nan": (("--macs", "nan"), "is not a count"),
    "inf": (("--params", "inf"), "is not a count"),
    "huge": (("--macs", "9" * 400), "less than 1e18"),
    "two prefixes": (("--params", "30MM"), "is not a count"),
    "a comma for a point": (("--macs", "1,5G"), "is not a count"),
    "a size without a unit": (("--memory", "16"), "write a number and a unit, such as 16GiB"),
    "a huge size": (("--memory", "9" * 400 + "TiB"), "less than 1e18"),
    "less than a byte": (("--memory", "0.00001kB"), "is not a size: write a number and a unit"),
    "a time without a unit": (("--latency", "50"), "such as 50ms"),
    "0 ms": (("--latency", "0ms"), "write more than 0"),
    "half a network": (("--macs", "tsn:50"), "write name:depth:frames"),
    "an unknown network's budget": (("--macs", "tsnn:50:8"), "did you mean 'tsn'"),
    "an unknown depth's budget": (("--macs", "tsn:51:8"), "no depth 51"),
    "a budget of no frames": (("--macs", "tsn:50:0"), "has no frames"),
    "odd frames": (("--macs", "blvnet:50:7"), "use 6 or 8"),
    "unknown network": ((*BUDGET, "--networks", "tsn,tsmm"), "did you mean 'tsm'"),
    "a depth that a named network lacks": (
        (*BUDGET, "--networks", "blvnet_tam", "--depths", "18"),
        "none of the depths 18: choose from 50, 101, 152",
    ),
    "a depth that no network has": ((*BUDGET, "--depths", "17"), "no network has depth 17"),
    "depths in words": ((*BUDGET, "--depths", "all"), "is not a list of depths"),
    "unknown data set": ((*BUDGET, "--dataset", "kinetics-40"), "did you mean 'kinetics-400'"),
    "a batch without memory or latency": (
        (*BUDGET, "--batch", "max"),
        "needs --memory or --latency",
    ),
    "a batch of 0": ((*BUDGET, "--batch", "0"), "--batch"),
    "a batch in words": ((*BUDGET, "--batch", "many"), "write a number, or max"),
    "0 frames": ((*BUDGET, "--frames", "0"), "--frames"),
    "at most 0 frames": ((*BUDGET, "--max-frames", "0"), "--max-frames"),
    "frames twice": ((*BUDGET, "--frames", "2", "--max-frames", "4"), "not allowed with"),
    "0 classes": ((*BUDGET, "--num-classes", "0"), "--num-classes"),
    "a device without a latency": (
        (*BUDGET, "--device", "cpu"),
        "need --latency: give a limit such as 50ms",
    ),
    "an unknown machine": (
        ("--latency", "5ms", "--machine", "x", "--recorded", "{tmp}"),
        "no latency of another machine is recorded",
    ),
    "a missing file": ((*BUDGET, "--model", "{tmp}/no.py:Net"), "cannot read"),
    "no factory": ((*BUDGET, "--model", "{tmp}/own.py"), "has no factory"),
    "an unknown factory": ((*BUDGET, "--model", "{tmp}/own.py:Nets"), "did you mean 'Net'"),
    "a store that is another file": (
        (*BUDGET, "--store", "{tmp}/own.py"),
        "is not a blvbench store",
    ),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_line_and_exit_2(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.py").write_text(OWN)
    template, message = BAD_INPUT[case]
    line = [argument.replace("{tmp}", str(tmp_path)) for argument in template]
    assert main(["compare", *line]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
