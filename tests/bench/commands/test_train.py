from pathlib import Path

import pytest
import torch

import models
from bench.commands import main
from bench.instruments.accuracy.trained import RECIPE
from bench.runs.tasks import make_task
from tests.bench.commands.lines import QUICK, SMALL, evaluated, refusal
from tests.records import point

OWN = """
from torch import nn

def build(num_classes):
    return nn.Sequential(nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(3, num_classes))
"""


@pytest.fixture
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


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


@pytest.mark.usefixtures("_in_own_folder")
def test_a_network_of_ones_own_is_trained_and_evaluated(
    where: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("own.py").write_text(OWN)
    own = ["--model", "own.py:build", "--frames", "4", "--input-size", "32"]
    assert main(["train", *own, *QUICK, *where, "--out", "own.safetensors"]) == 0
    record = evaluated(capsys, Path("own.safetensors"), *own, *where)
    assert record["point"]["network"] == "own.py:build"


HEADS = """
from torch import nn

class Net(nn.Module):
    def __init__(self, num_classes, fails=0):
        super().__init__()
        self.fc, self.fails = nn.Linear(3, num_classes), fails

    def forward(self, clip):  # N x T x C x H x W
        assert clip.shape[2] == 3
        if self.fails:
            raise KeyError("fails")
        y = self.fc(clip.mean((1, 3, 4)))
        return (y, 2 * y) if self.training else y

class FailsInTraining(Net):
    def forward(self, clip):
        return super().forward(clip).sum(1) if self.training else super().forward(clip)
"""


@pytest.mark.usefixtures("_in_own_folder")
def test_a_network_of_another_form_is_trained_on_its_logits(
    where: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("own.py").write_text(HEADS)
    own = ["--model", "own.py:Net", "--input", "time_first", "--frames", "4", "--input-size", "32"]
    assert main(["train", *own, *QUICK, *where, "--out", "own.safetensors"]) == 0
    note = "Note: own.py:Net returns tuple of 2 in training, of which number 0 alone gets a loss"
    assert note in capsys.readouterr().err.splitlines()
    record = evaluated(capsys, Path("own.safetensors"), *own, *where)
    assert record["point"]["options"] == {"--input": "time_first"}


UNSAVED = """
from torch import nn

class Net(nn.Linear):
    def __init__(self, num_classes):
        super().__init__(3, num_classes)

    def forward(self, clip):
        return super().forward(clip.mean((2, 3, 4)))

    def state_dict(self, *args, **kwargs):
        raise KeyError("unsaved")
"""


@pytest.mark.usefixtures("_in_own_folder")
def test_an_error_in_saving_and_loading_is_one_line_with_its_place(
    where: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("own.py").write_text(UNSAVED)
    torch.save({"weight": torch.zeros(2, 3), "bias": torch.zeros(2)}, "own.pth")
    own = ["--model", "own.py:Net", "--frames", "4", "--input-size", "32", *where]
    expected = "blvbench: own.py:Net fails: KeyError: 'unsaved' (own.py, line 12)"
    assert refusal(capsys, "train", *own, *QUICK, "--out", "o.safetensors") == expected
    assert refusal(capsys, "evaluate", *own, "--weights", "own.pth") == expected


@pytest.mark.usefixtures("_in_own_folder")
def test_an_error_in_training_is_one_line_with_its_place(
    where: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("own.py").write_text(HEADS)
    own = ["--model", "own.py:FailsInTraining", "--input", "time_first", "--frames", "4"]
    text = refusal(capsys, "train", *own, *QUICK, *where, "--out", "own.safetensors")
    assert "own.py:FailsInTraining fails: AttributeError: 'tuple' object has no" in text
    assert text.endswith("(own.py, line 18)")


def test_logs_are_written(where: list[str], tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    line = ["train", "tsn", *SMALL, *QUICK, *where, "--csv", str(log)]
    assert main([*line, "--out", str(tmp_path / "t.safetensors")]) == 0
    lines = log.read_text().splitlines()
    assert len(lines) == 1 + 2 * 3
    assert lines[1].startswith("1,")
    assert lines[1].endswith(",0.05")


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
    trained = make_task(here, "accuracy:trained").measure()
    assert tuple(record["samples"]) == trained.samples
    assert record["details"] == trained.as_json()["details"]
    assert record["settings"]["clips"] == trained.settings["clips"]
    assert trained.settings["learning_rate"] == RECIPE.learning_rate


@pytest.mark.usefixtures("small_set")
def test_labels_that_name_a_side_forbid_mirrors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "t.safetensors"
    line = ["train", "tsn", *SMALL, "--out", str(out), "--epochs", "1", "--batch", "4"]
    assert "--flip makes labels of arrow-of-time" in refusal(capsys, *line, "--flip")
    assert main(line) == 0
    said = refusal(capsys, "evaluate", "--weights", str(out), "--crops", "10")
    assert "--crops 10 mirrors clips, but labels of arrow-of-time" in said


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (["--new-classifier"], "--new-classifier needs --weights"),
        (["--seed", "-1"], "--seed must be at least 0"),
        (["--unusable", "2"], "--unusable must be a share from 0 to 1"),
        (["--workers", "-1"], "--workers must be at least 0"),
        (["--threads", "0"], "--threads must be at least 1"),
        (["--stride", "2"], "--stride needs --sampling dense"),
        (["--out", "absent/t.safetensors"], "make absent"),
        (["--out", "."], "exists already"),
        (["--batch", "100"], "cannot fill a batch of 100"),
        (["--epochs", "0"], "needs at least 1 epoch"),
        (["--csv", "absent/log.csv"], "cannot be written"),
        (["--weights", "absent.pth"], "absent.pth: cannot be read"),
        (["--manifest", "absent.json", "--layout", "folders"], "--manifest lists the videos"),
        (["--split", "train"], "has no splits"),
        (["--frames", "0"], "--frames"),
        (["--input-size", "0"], "--input-size must be at least 1"),
        (["--seed", str(1 << 63)], "below 2**63"),
        (["--learning-rate", "nan"], "learning_rate must be a number from 0"),
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
