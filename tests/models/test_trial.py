"""Trials of networks of every form, each in a file as its user would have it."""

import pytest

from models.trial import Findings
from tests.models.conftest import Write
from tests.models.own_files import CLASSES, load, message

CLIP = (2, 3, 8, 12, 12)
HEADER = """
    import torch
    from torch import nn

    class Base(nn.Module):
        def __init__(self, num_classes):
            super().__init__()
            self.conv, self.fc = nn.Conv3d(3, 4, 3), nn.Linear(4, num_classes)
            self.conv2d = nn.Conv2d(3, 4, 3)

        def head(self, clip):
            return self.fc(self.conv(clip).relu().mean((2, 3, 4)))

    class Net(Base):
"""
FORWARDS = {
    "clip": "def forward(self, x): return self.head(x)",
    "time_first": "def forward(self, x): return self.head(x.transpose(1, 2))",
    "folded": "def forward(self, x):\n"
    "            nt, c, h, w = x.shape\n"
    "            return self.fc(self.conv2d(x).mean((2, 3))).view(-1, 8, 5).mean(1)",
    "stacked": "def forward(self, x):\n"
    "            n, tc, h, w = x.shape\n"
    "            y = self.conv2d(x.view(n * tc // 3, 3, h, w)).mean((2, 3))\n"
    "            return self.fc(y).view(n, -1, 5).mean(1)",
    "list": "def forward(self, x):\n"
    "            assert isinstance(x, list) and len(x) == 1\n"
    "            return self.head(x[0])",
    "pathways_4": "def forward(self, x):\n"
    "            slow, fast = x\n"
    "            assert fast.shape[2] == 4 * slow.shape[2] and slow.shape[1] == 3\n"
    "            return self.head(fast) + slow.mean()",
    "mixed": "def forward(self, x):\n"
    "            y = self.conv2d(x.reshape(-1, 3, *x.shape[-2:])).mean((2, 3))\n"
    "            return self.fc(y).view(-1, 8, 5).mean(1)",
    "by_frame": "def forward(self, x):\n"
    "            return sum(self.fc(self.conv2d(x[:, :, t]).mean((2, 3))) for t in range(8))",
    "frames_as_clips": "def forward(self, x):\n"
    "            return self.fc(self.conv2d(x.transpose(1, 2).flatten(0, 1)).mean((2, 3)))",
    "two_inputs": "def forward(self, x, flow): return self.head(x) + self.head(flow)",
    "by_content": "def forward(self, x):\n"
    "            y = self.head(x)\n"
    "            return y if y.max().item() > 9 else 2 * y",
    "autocast": "def forward(self, x):\n"
    "            with torch.autocast(x.device.type, torch.bfloat16): return self.head(x).float()",
    "two_heads": "def forward(self, x):\n"
    "            y = self.head(x)\n"
    "            return (y, y) if self.training else y",
    "dict": "def forward(self, x): return {'main': self.head(x), 'aux': self.head(x)}",
    "wrong": "def forward(self, x): return self.fc(x)",
}


def trial(write: Write, forward: str, *, trains: bool = False, **options: str) -> Findings:
    path = write({"net.py": f"{HEADER}        {FORWARDS[forward]}\n"})
    asked = {f"--{name}": value for name, value in options.items()}
    return load(path).check(CLIP, CLASSES, asked, trains=trains)


@pytest.mark.parametrize("form", ["clip", "time_first", "folded", "stacked", "list", "pathways_4"])
def test_a_network_passes_with_its_form(write: Write, form: str) -> None:
    assert trial(write, form, input=form) == Findings()


@pytest.mark.parametrize(
    ("forward", "text"),
    [
        ("time_first", "it takes N x T x C x H x W: use --input time_first"),
        ("folded", "(net.py, line 16): it takes (N*T) x C x H x W: use --input folded"),
        ("stacked", "it takes N x (T*C) x H x W: use --input stacked"),
        ("list", "it takes a list of one clip: use --input list"),
        ("pathways_4", "one of a frame in 4 and one of all frames: use --input pathways_4"),
        ("mixed", "its Conv2d gets a reshaped clip, whose pictures are not frames: move the frames "
         "first: use --input time_first or folded or stacked"),
        ("frames_as_clips", "the mean over the frames is y.unflatten(0, (-1, 8)).mean(1)"),
        ("two_inputs", "its forward takes x, flow: wrap it in a module that makes them of one "
         "clip: def forward(self, clip): return self.network(clip, ...), as docs/guides/"),
        ("dict", "returns dict of main, aux: name its logits with --output: main or aux"),
        ("wrong", "(net.py, line 15)"),
    ],
)  # fmt: skip
def test_another_form_is_one_line_with_the_cause(write: Write, forward: str, text: str) -> None:
    assert text in message(lambda: trial(write, forward))


def test_frames_that_are_taken_one_by_one_are_not_mixed(write: Write) -> None:
    assert trial(write, "by_frame") == Findings()


@pytest.mark.parametrize(
    ("forward", "reason"),
    [("by_content", "Tensor.item() cannot be called on meta"), ("autocast", "device_type 'meta'")],
)
def test_a_network_that_needs_values_runs_on_them(write: Write, forward: str, reason: str) -> None:
    found = trial(write, forward)
    assert found.needs_values
    assert reason in found.notes[0]
    assert found.notes[0].endswith("its MACs are counted in a pass over random values")


def test_a_second_head_in_training_is_noted(write: Write) -> None:
    assert trial(write, "two_heads") == Findings()
    (note,) = trial(write, "two_heads", trains=True).notes
    assert note.endswith("returns tuple of 2 in training, of which number 0 alone gets a loss")


def test_named_logits_are_noted(write: Write) -> None:
    (note,) = trial(write, "dict", output="aux").notes
    assert note.endswith("returns dict of main, aux, of which 'aux' is used")


@pytest.mark.filterwarnings("ignore")
def test_packed_weights_of_a_quantised_network_are_noted(write: Write) -> None:
    source = f"""{HEADER}        {FORWARDS["clip"]}
    def quantised(num_classes):
        return torch.ao.quantization.quantize_dynamic(Net(num_classes), {{nn.Linear}})
    """
    found = load(write({"net.py": source}), "quantised").check(CLIP, CLASSES, {})
    assert any(note.endswith("its packed weights are no parameters") for note in found.notes)
