"""`blvbench subset`, `train` and `evaluate`, on small folders of videos."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

import models
from bench import accuracy
from bench.commands import main
from bench.store import Store
from bench.tasks import task
from bench.video import arrow_of_time
from models import create_model
from suites import load_claims
from tests.bench.video.films import write_numbered
from tests.records import point

SMALL = [
    "--option",
    "width=0.125",
    "--depth",
    "18",
    "--frames",
    "4",
    "--input-size",
    "32",
    "--threads",
    "1",
]
QUICK = ["--epochs", "2", "--batch", "4", "--learning-rate", "0.05"]
OWN = """
from torch import nn

def build(num_classes):
    return nn.Sequential(nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(3, num_classes))
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes with four videos each."""
    folder = tmp_path_factory.mktemp("data")
    for place, name in enumerate(("a", "b", "c")):
        (folder / name).mkdir()
        for number in range(4):
            write_numbered(folder / name / f"{number}.mp4", 8 + 4 * place + number)
    return folder


@pytest.fixture(scope="module")
def where(data: Path) -> list[str]:
    return ["--data", str(data), "--layout", "folders"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory, where: list[str]) -> Path:
    """A TSN trained on the folder."""
    out = tmp_path_factory.mktemp("weights") / "tsn.safetensors"
    assert main(["train", "tsn", *SMALL, *QUICK, *where, "--out", str(out)]) == 0
    return out


@pytest.fixture
def small_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_of_time, "PER_CLASS", {"train": 2, "test": 1})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def evaluated(capsys: pytest.CaptureFixture[str], weights: Path, *others: str) -> dict[str, Any]:
    capsys.readouterr()
    line = ["evaluate", "--weights", str(weights), "--threads", "1", *others, "--json"]
    assert main(line) == 0
    (record,) = json.loads(capsys.readouterr().out)
    return dict(record)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(list(arguments)) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("blvbench: ")
    return said


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
    assert "1 of 4 clips are not the manifest's" in said


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
    assert both["network"] == "all 2 together"
    twice = evaluated(capsys, weights, *where, "--ensemble", str(scores))
    assert twice["networks"][1]["comparison"]["points"] == 0
    assert {row["top1"] for row in twice["networks"]} == {twice["value"]}
    clips = ["--ensemble", str(scores), "--data", where[1], "--layout", "folders"]
    assert main(["evaluate", "--weights", str(other), *clips, "--input-size", "32"]) == 0
    assert "all 2 together" in capsys.readouterr().out


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
    assert "2 of 14 videos cannot be used, more than the 1.0% allowed" in said
    assert "a/empty.mp4 is empty" in said
    assert "b/text.mp4 is not a video" in said
    record = evaluated(capsys, weights, *where, "--unusable", "0.2")
    assert len(record["samples"]) == 12
    assert [w.partition(":")[0] for w in record["warnings"]] == [
        *("a/empty.mp4 is empty", "b/text.mp4 is not a video")
    ]
    out = tmp_path / "t.safetensors"
    line = ["train", "tsn", *SMALL, *QUICK, *where, "--out", str(out)]
    assert "cannot be used, more than the 1.0% allowed" in refusal(capsys, *line)
    assert main([*line, "--unusable", "0.2"]) == 0
    assert "Unusable: a/empty.mp4 is empty: has 0 bytes" in capsys.readouterr().err


def test_longer_inputs_are_tuned_from_shorter_ones(
    weights: Path, where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "long.safetensors"
    longer = [*SMALL, "--frames", "8", *QUICK, *where, "--learning-rate", "0"]
    assert main(["train", "tsn", *longer, "--weights", str(weights), "--out", str(out)]) == 0
    assert "122 loaded" in capsys.readouterr().err
    short, long = models.load_model(weights).state_dict(), models.load_model(out).state_dict()
    learnt = [name for name in short if name.endswith("weight")]
    assert all(torch.equal(short[name], long[name]) for name in learnt)
    record = evaluated(capsys, out, *where, "--input-size", "32")
    assert record["point"]["frames"] == 8
    new = tmp_path / "new.safetensors"
    line = ["train", "tsn", *longer, "--weights", str(weights), "--new-classifier"]
    assert main([*line, "--out", str(new)]) == 0
    assert "the classifier is the network's own" in capsys.readouterr().err


def test_image_weights_start_a_training(
    where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from torchvision.models import resnet18

    image = tmp_path / "resnet18.pth"
    torch.save(resnet18().state_dict(), image)
    line = ["train", "tsn", "--depth", "18", "--frames", "2", *QUICK, "--epochs", "1", *where]
    out = ["--input-size", "32", "--out", str(tmp_path / "t.safetensors")]
    assert main([*line, *out, "--image-weights", str(image)]) == 0
    assert " loaded" in capsys.readouterr().err


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


def test_a_network_of_ones_own_is_trained_and_evaluated(
    where: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(OWN)
    own = ["--model", "own.py:build", "--frames", "4", "--input-size", "32"]
    assert main(["train", *own, *QUICK, *where, "--out", "own.safetensors"]) == 0
    record = evaluated(capsys, Path("own.safetensors"), *own, *where)
    assert record["point"]["network"] == "own.py:build"


def test_logs_are_written(where: list[str], tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    line = ["train", "tsn", *SMALL, *QUICK, *where, "--csv", str(log)]
    assert main([*line, "--out", str(tmp_path / "t.safetensors")]) == 0
    lines = log.read_text().splitlines()
    assert len(lines) == 1 + 2 * 3
    assert lines[1].startswith("1,")
    assert lines[1].endswith(",0.05")


def test_an_interrupted_training_goes_on_to_the_same_weights(
    where: list[str], tmp_path: Path
) -> None:
    def command(out: Path, *others: str) -> list[str]:
        epochs = ["--epochs", "30", "--batch", "4", "--csv", f"{out}.csv"]
        line = ["train", "tsn", *SMALL, *epochs, *where, "--out", str(out), *others]
        return [sys.executable, "-m", "bench", *line, "--workers", "1"]

    whole, cut = tmp_path / "whole.safetensors", tmp_path / "cut.safetensors"
    subprocess.run(command(whole), check=True, capture_output=True)
    begun = subprocess.Popen(
        command(cut), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    log = Path(f"{cut}.csv")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and (not log.exists() or log.read_text().count("\n") < 5):
        time.sleep(0.05)
    os.killpg(begun.pid, signal.SIGINT)  # as a terminal does: the readers get it as well
    _, said = begun.communicate(timeout=120)
    assert begun.returncode == 130
    assert "is kept; run the same command again to go on" in said
    assert not cut.exists()
    again = subprocess.run(command(cut), check=True, capture_output=True, text=True)
    assert "Going on after step" in again.stderr
    assert cut.read_bytes() == whole.read_bytes()
    assert log.read_text() == Path(f"{whole}.csv").read_text()
    assert not list(tmp_path.glob("*.training"))


@pytest.mark.usefixtures("small_set")
def test_generated_videos_need_no_data_and_give_the_suites_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tsm.safetensors"
    network = ["tsm", "--depth", "18", "--option", "width=0.125", "--frames", "4"]
    assert main(["train", *network, "--threads", "1", "--out", str(out)]) == 0
    record = evaluated(capsys, out)
    fields = {"input_size": 64, "num_classes": 16, "dataset": "arrow-of-time"}
    here = point(network="tsm", depth=18, frames=4, options={"width": 0.125}, **fields)
    trained = task(here, "accuracy:trained").measure()
    assert tuple(record["samples"]) == trained.samples
    assert record["details"] == trained.as_json()["details"]
    assert record["settings"]["clips"] == trained.settings["clips"]
    assert trained.settings["learning_rate"] == accuracy.RECIPE.learning_rate


@pytest.mark.usefixtures("small_set")
def test_labels_that_name_a_side_forbid_mirrors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "t.safetensors"
    line = ["train", "tsn", *SMALL, "--out", str(out), "--epochs", "1", "--batch", "4"]
    assert "--flip would change the labels of arrow-of-time" in refusal(capsys, *line, "--flip")
    assert main(line) == 0
    said = refusal(capsys, "evaluate", "--weights", str(out), "--crops", "10")
    assert "--crops 10 mirrors clips of arrow-of-time" in said


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (["--new-classifier"], "--new-classifier is of --weights"),
        (["--seed", "-1"], "--seed must be at least 0"),
        (["--unusable", "2"], "--unusable is a share of 0 to 1"),
        (["--workers", "-1"], "--workers must be at least 0"),
        (["--threads", "0"], "--threads must be at least 1"),
        (["--stride", "2"], "--stride is of --sampling dense"),
        (["--out", "absent/t.safetensors"], "make absent"),
        (["--out", "."], "is there already"),
        (["--batch", "100"], "do not fill a batch of 100"),
        (["--epochs", "0"], "takes 1 epoch"),
        (["--csv", "absent/log.csv"], "cannot be written"),
        (["--weights", "absent.pth"], "absent.pth: cannot be read"),
        (["--manifest", "absent.json", "--layout", "folders"], "--manifest lists the clips"),
        (["--split", "train"], "has no splits"),
        (["--frames", "0"], "--frames"),
        (["--input-size", "0"], "--input-size must be at least 1"),
        (["--seed", str(1 << 63)], "below 2**63"),
        (["--learning-rate", "nan"], "learning_rate is a number from 0"),
        (["--device", "cuda"], "no CUDA device"),
        (["--precision", "tf32"], "TF32"),
    ],
)
def test_what_makes_no_sense_in_training_is_refused(
    where: list[str],
    others: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if others == ["--device", "cuda"] and torch.cuda.is_available():
        pytest.skip("there is one")
    monkeypatch.chdir(tmp_path)
    line = ["train", "tsn", *SMALL, *QUICK, *where, "--out", "t.safetensors"]
    assert said in refusal(capsys, *line, *others)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--layout", "folders"], "--layout is of videos of your own: give --data"),
        (["--manifest", "m.json"], "--manifest is of videos of your own: give --data"),
        (["--data", "."], "--data needs --layout and its lists, or --manifest"),
        (["--data", ".", "--manifest", "m.json"], "m.json: cannot be read"),
        (["--data", ".", "--layout", "kinetics"], "'kinetics' is read from an annotation file"),
        (["--data", "absent", "--layout", "folders"], "absent: cannot be listed"),
        (["--ensemble", "absent.npz"], "absent.npz: cannot be read"),
        (["--decoder", "opencv"], "invalid choice"),
        (["--scores", "no/s.npz"], "no/s.npz: has no folder to be in"),
        (["--store", "no/s.sqlite"], "no/s.sqlite: has no folder to be in"),
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
    assert "tells 3 classes apart" in said
    said = refusal(capsys, "evaluate", "--depth", "18", "--weights", str(weights), *where)
    assert "of a network that is named" in said
