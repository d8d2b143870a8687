import json
import os
from pathlib import Path

import pytest
import torch

from bench.records.store import Store
from blvbench import main
from models import create_model
from suites import load_claims
from tests.bench.commands.lines import QUICK, SMALL, evaluated, refusal
from tests.bench.video.films import write_numbered


def test_what_was_trained_is_evaluated(
    weights: Path, where: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    record = evaluated(capsys, weights, *where, "--input-size", "32")
    assert record["point"]["network"] == "tsn"
    assert record["point"]["frames"] == 4
    assert record["point"]["num_classes"] == 3
    assert record["point"]["dataset"].startswith("folders ")
    assert len(record["samples"]) == 12
    (row,) = record["networks"]
    assert row["top1"] == record["value"]
    assert row["interval"] == record["interval"]
    assert row["top5"] == 100
    assert record["settings"]["weights"] == "tsn.safetensors"
    assert record["settings"]["short_side"] == 37  # 256 / 224 of 32
    assert record["settings"]["clips"].startswith("list ")


@pytest.mark.parametrize(
    "view",
    [
        ["--clips", "2", "--crops", "3"],
        ["--sampling", "dense", "--stride", "2", "--clips", "3"],
        ["--crops", "10", "--short-side", "40", "--workers", "1"],
        ["--precision", "bf16", "--decoder", "pyav"],
    ],
    ids=lambda view: view[0],
)
def test_every_way_to_look_at_a_video(
    weights: Path, where: list[str], view: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    plain = evaluated(capsys, weights, *where, "--input-size", "32")
    record = evaluated(capsys, weights, *where, "--input-size", "32", *view)
    assert len(record["samples"]) == 12
    changed = record["settings"] != plain["settings"] or record["point"] != plain["point"]
    assert changed


def test_a_subset_is_checked_and_named(
    weights: Path, data: Path, where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "few.json"
    classes = tmp_path / "classes.txt"
    classes.write_text("a\nc\n")
    draw = ["subset", *where, "--per-class", "2", "--classes", str(classes)]
    assert main([*draw, "--out", str(manifest)]) == 0
    said = capsys.readouterr().out
    assert "4 clips of 2 classes, digest " in said
    few = ["--data", str(data), "--manifest", str(manifest), "--input-size", "32"]
    record = evaluated(capsys, weights, *few)
    assert len(record["samples"]) == 4
    assert record["point"]["dataset"] == "few"
    assert record["settings"]["clips"] == said.split()[-1]
    content = json.loads(manifest.read_text())
    content["clips"][0]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(content))
    said = refusal(capsys, "evaluate", "--weights", str(weights), *few)
    assert "differs from the manifest in 1 of 4 clips" in said


def test_networks_make_an_ensemble(
    weights: Path,
    where: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    scores, other = tmp_path / "one.npz", tmp_path / "other.safetensors"
    where = [*where, "--input-size", "32"]
    evaluated(capsys, weights, *where, "--scores", str(scores))
    line = ["train", "tsm", *SMALL, *QUICK, *where, "--seed", "1", "--out", str(other)]
    assert main(line) == 0
    record = evaluated(capsys, other, *where, "--ensemble", str(scores))
    own, first, both = record["networks"]
    assert own["network"] == "tsm depth 18 width=0.125, 4 frames"
    assert first["network"] == "tsn depth 18 width=0.125, 4 frames"
    assert first["comparison"]["points"] == pytest.approx(own["top1"] - first["top1"])
    assert first["comparison"]["verdict"] in ("better", "worse", "no difference shown")
    low, high = first["comparison"]["interval"]
    assert low <= first["comparison"]["points"] <= high
    assert both["network"] == "average of all 2"
    twice = evaluated(capsys, weights, *where, "--ensemble", str(scores))
    assert twice["networks"][1]["comparison"]["points"] == 0
    assert {row["top1"] for row in twice["networks"]} == {twice["value"]}
    clips = ["--ensemble", str(scores), "--data", where[1], "--layout", "folders"]
    assert main(["evaluate", "--weights", str(other), *clips, "--input-size", "32"]) == 0
    assert "average of all 2" in capsys.readouterr().out


def test_scores_of_other_clips_are_not_averaged(
    weights: Path,
    data: Path,
    where: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    scores, manifest = tmp_path / "s.npz", tmp_path / "m.json"
    evaluated(capsys, weights, *where, "--input-size", "32", "--scores", str(scores))
    assert main(["subset", *where, "--per-class", "1", "--out", str(manifest)]) == 0
    few = ["--data", str(data), "--manifest", str(manifest), "--input-size", "32"]
    said = refusal(capsys, "evaluate", "--weights", str(weights), *few, "--ensemble", str(scores))
    assert "was evaluated on other clips" in said


def test_an_accuracy_is_kept_in_a_store_and_shown(
    weights: Path, where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, out = tmp_path / "s.sqlite", tmp_path / "report"
    line = [*where, "--input-size", "32", "--store", str(store)]
    evaluated(capsys, weights, *line)
    evaluated(capsys, weights, *line)
    evaluated(capsys, weights, *line, "--clips", "2")
    with Store(store) as opened:
        kept = opened.measurements()
    assert [m.label for m in kept] == ["accuracy:evaluated"] * 2
    assert main(["report", "--store", str(store), "--out", str(out)]) == 0
    text = (out / "report.md").read_text()
    assert "## Accuracy" in text
    assert "weights tsn.safetensors" in text


def test_unusable_videos_are_allowed_or_refused_and_named(
    weights: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        for number in range(4):
            os.link(data / name / f"{number}.mp4", tmp_path / name / f"{number}.mp4")
    (tmp_path / "a" / "empty.mp4").touch()
    (tmp_path / "b" / "text.mp4").write_text("text")
    where = ["--data", str(tmp_path), "--layout", "folders", "--input-size", "32"]
    said = refusal(capsys, "evaluate", "--weights", str(weights), *where)
    assert "2 of 14 videos cannot be used, but at most 1.0% may be unusable" in said
    assert "a/empty.mp4 is empty" in said
    assert "b/text.mp4 is not a video" in said
    record = evaluated(capsys, weights, *where, "--unusable", "0.2")
    assert len(record["samples"]) == 12
    assert [w.partition(":")[0] for w in record["warnings"]] == [
        *("a/empty.mp4 is empty", "b/text.mp4 is not a video")
    ]
    out = tmp_path / "t.safetensors"
    line = ["train", "tsn", *SMALL, *QUICK, *where, "--out", str(out)]
    assert "cannot be used, but at most 1.0% may be unusable" in refusal(capsys, *line)
    assert main([*line, "--unusable", "0.2"]) == 0
    assert "Unusable: a/empty.mp4 is empty: has 0 bytes" in capsys.readouterr().err


def test_the_authors_files_are_evaluated_as_the_network_that_is_named(
    where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "theirs.pth"
    network = create_model("tsn", num_classes=3, frames=4, depth=18, width=0.125)
    torch.save({"state_dict": network.state_dict()}, file)
    named = ["tsn", "--depth", "18", "--option", "width=0.125", "--frames", "4"]
    record = evaluated(capsys, file, *named, *where, "--input-size", "32")
    assert record["point"]["options"] == {"width": 0.125}
    assert "build the network" in refusal(capsys, "evaluate", "--weights", str(file), *where)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--layout", "folders"], "--layout needs your own videos: give --data"),
        (["--manifest", "m.json"], "--manifest needs your own videos: give --data"),
        (["--data", "."], "--data needs --layout and its lists, or --manifest: give one of them"),
        (["--data", ".", "--manifest", "m.json"], "m.json: cannot be read"),
        (["--data", ".", "--layout", "kinetics"], "'kinetics' needs an annotation file"),
        (["--data", "absent", "--layout", "folders"], "absent: cannot be listed"),
        (["--ensemble", "absent.npz"], "absent.npz: cannot be read"),
        (["--decoder", "opencv"], "invalid choice"),
        (["--scores", "no/s.npz"], "no/s.npz: its folder does not exist"),
        (["--store", "no/s.sqlite"], "no/s.sqlite: its folder does not exist"),
    ],
)
def test_what_makes_no_sense_in_evaluating_is_refused(
    weights: Path,
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in refusal(capsys, "evaluate", "--weights", str(weights), *arguments)


def test_something_something_is_named_as_its_claim_names_it(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = {"Pushing something": "0", "Pulling something": "1", "Moving something": "2"}
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    listed = []
    for number, label in enumerate(labels):
        write_numbered(tmp_path / f"{number}.webm", 8 + number, "libvpx-vp9")
        listed.append({"id": str(number), "template": label.replace("something", "[something]")})
    (tmp_path / "validation.json").write_text(json.dumps(listed))
    record = evaluated(
        capsys,
        weights,
        *("--data", str(tmp_path), "--layout", "something-v2", "--input-size", "32"),
        *("--annotations", str(tmp_path / "validation.json")),
        *("--labels", str(tmp_path / "labels.json")),
    )
    assert len(record["samples"]) == 3
    (claim,) = (claim for claim in load_claims() if claim.id == "accuracy-tsn")
    assert {case.dataset for case in claim.cases} == {record["point"]["dataset"]}


def test_weights_of_another_number_of_classes_are_refused(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").mkdir()
    write_numbered(tmp_path / "a" / "0.mp4", 8)
    where = ["--data", str(tmp_path), "--layout", "folders"]
    said = refusal(capsys, "evaluate", "--weights", str(weights), *where)
    assert "has 3 classes" in said
    said = refusal(capsys, "evaluate", "--depth", "18", "--weights", str(weights), *where)
    assert "need the name of a network" in said
