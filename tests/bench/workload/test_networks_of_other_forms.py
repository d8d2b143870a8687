"""Users' networks of other forms as points: wrapped, scripted, with two heads, reading values."""

import re
from pathlib import Path

import pytest

from bench.records.point import Point
from bench.runs.tasks import make_task
from bench.workload import networks
from bench.workload.placement import place
from bench.workload.steps import make_step
from models import NetworkError
from tests.records import point

FORMS = """
import torch
from torch import nn

class Base(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv, self.fc = nn.Conv3d(3, 4, 1), nn.Linear(4, num_classes)

    def forward(self, clip):
        return self.fc(self.conv(clip).mean((2, 3, 4)))

class TimeFirst(Base):
    def forward(self, clip):
        assert clip.shape[1] == 2
        return super().forward(clip.transpose(1, 2))

class ByContent(Base):
    def forward(self, clip):
        return super().forward(clip if clip.std().item() > 0.5 else clip[:, :, :1])

class Autocast(Base):
    def forward(self, clip):
        with torch.autocast(clip.device.type, torch.bfloat16):
            return super().forward(clip).float()

class Heads(Base):
    def forward(self, clip):
        y = super().forward(clip)
        return {"logits": y, "aux": 2 * y} if self.training else y

class Fails(Base):
    def forward(self, clip):
        if self.training:
            raise ValueError("only in evaluation")
        return super().forward(clip)

class NoBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        raise ValueError("no gradient")

class FailsBackward(Base):
    def forward(self, clip):
        return NoBackward.apply(super().forward(clip))

def parallel(num_classes):
    return nn.DataParallel(Base(num_classes))

def scripted(num_classes):
    return torch.jit.script(Base(num_classes))
"""
MACS, PARAMS = 2 * 16 * 16 * 3 * 4 + 4 * 5, 3 * 4 + 4 + 4 * 5 + 5


@pytest.fixture
def forms(tmp_path: Path) -> Path:
    (tmp_path / "forms.py").write_text(FORMS)
    return tmp_path / "forms.py"


def form_point(file: Path, factory: str, **fields: object) -> Point:
    sizes = {"input_size": 16, "frames": 2, "num_classes": 5}
    return point(network=f"{file}:{factory}", depth=None, **{**sizes, **fields})


@pytest.mark.filterwarnings("ignore:.*is deprecated")
@pytest.mark.parametrize(
    ("factory", "options"),
    [
        ("Base", {}),
        ("TimeFirst", {"--input": "time_first"}),
        ("ByContent", {}),
        ("Autocast", {}),
        ("Heads", {}),
        ("parallel", {}),
        ("scripted", {}),
    ],
)
def test_networks_of_every_form_are_counted(
    forms: Path, factory: str, options: dict[str, object]
) -> None:
    for quantity, value in {"params": PARAMS, "macs": MACS}.items():
        measured = make_task(form_point(forms, factory, options=options), quantity).measure()
        assert measured.status == "ok", measured.reason
        assert measured.value == value


@pytest.mark.parametrize(
    ("factory", "status"), [("ByContent", "unsupported"), ("Autocast", "ok"), ("Heads", "ok")]
)
def test_their_memory_is_simulated_where_that_is_possible(
    forms: Path, factory: str, status: str
) -> None:
    where = form_point(forms, factory, mode="train", batch=2)
    measured = make_task(where, "memory").measure()
    assert measured.status == status
    assert status == "ok" or "(forms.py, line 20)" in measured.reason


@pytest.mark.parametrize("factory", ["ByContent", "Autocast", "Heads"])
def test_they_are_trained_on_real_tensors(forms: Path, factory: str) -> None:
    where = form_point(forms, factory, mode="train", batch=2)
    make_step(*place(where, "cpu"), "train")()


def test_records_say_what_is_done_with_a_second_head(forms: Path) -> None:
    where = form_point(forms, "Heads", mode="train", batch=2)
    (note,) = make_task(where, "memory").measure().warnings
    assert note.endswith(
        "returns dict of logits, aux in training, of which 'logits' alone gets a loss"
    )


def test_figures_of_two_forms_are_not_mixed(forms: Path) -> None:
    plain = form_point(forms, "Base")
    other = form_point(forms, "Base", options={"--output": "main"})
    assert make_task(plain, "macs").identity != make_task(other, "macs").identity


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        ("Fails", "ValueError: only in evaluation (forms.py, line 35)"),
        ("FailsBackward", "ValueError: no gradient (forms.py, line 45)"),
    ],
)
def test_an_error_of_the_network_is_one_line_with_its_place(
    forms: Path, factory: str, reason: str
) -> None:
    where = form_point(forms, factory, mode="train", batch=2)
    measured = make_task(where, "memory").measure()
    assert (measured.status, measured.reason) == ("failed", reason)
    expected = re.escape(f"{factory} fails: {reason}")
    with pytest.raises(NetworkError, match=expected), networks.explained(where):
        make_step(*place(where, "cpu"), "train")()


def test_errors_of_others_are_not_explained() -> None:
    with pytest.raises(KeyError), networks.explained(point()):
        raise KeyError("ours")
