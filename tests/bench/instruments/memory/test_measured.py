"""Measured peaks against networks whose memory is known; on CUDA where there is a device."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from bench.commands import main
from bench.records.measurement import Measurement
from bench.runs.tasks import make_task
from bench.runs.workers import measure_tasks
from tests.records import point

MIB = 2**20
WITHOUT_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
DEVICES = ["cpu", pytest.param("cuda", marks=WITHOUT_CUDA)]
SLACK = {"cpu": 24 * MIB, "cuda": 2 * MIB}  # of what allocators and libraries take on top

KNOWN = """
import torch
from torch import nn

class Known(nn.Module):
    def __init__(self, num_classes, weight_mib, activation_mib):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(weight_mib * 2**18))
        self.activation_mib, self.num_classes = activation_mib, num_classes

    def forward(self, clip):
        activation = self.weight.new_ones(self.activation_mib * 2**18)
        return self.weight[:self.num_classes].expand(len(clip), -1) + activation[0]
"""


@pytest.fixture
def measure(tmp_path: Path) -> Callable[..., Measurement]:
    file = tmp_path / "known.py"
    file.write_text(KNOWN)

    def measure(device: str, mode: str, weight_mib: int, activation_mib: int) -> Measurement:
        options = {"weight_mib": weight_mib, "activation_mib": activation_mib}
        where = point(network=f"{file}:Known", depth=None, input_size=8, mode=mode, options=options)
        ((_, measurement),) = measure_tasks(
            [make_task(where, f"memory:{device}")], jobs=1, fresh=True, time_limit_s=120
        )
        assert measurement.status == "ok", measurement.reason
        return measurement

    return measure


@pytest.mark.parametrize("device", DEVICES)
def test_a_known_allocation_is_measured(measure: Callable[..., Measurement], device: str) -> None:
    small = measure(device, "infer", 64, 32)
    large = measure(device, "infer", 64, 232)
    assert abs(small.value - 96 * MIB) < SLACK[device]
    assert abs(large.value - small.value - 200 * MIB) < SLACK[device]
    assert small.details["allocator"]["reserved"] >= small.value
    assert small.settings["seed"] == 0


@pytest.mark.parametrize("device", DEVICES)
def test_training_holds_weights_gradients_and_momenta(
    measure: Callable[..., Measurement], device: str
) -> None:
    infer, train = (measure(device, mode, 128, 1) for mode in ("infer", "train"))
    assert abs(infer.value - 129 * MIB) < SLACK[device]
    # The step of SGD needs a temporary of a weight on CUDA, where it works on all at once.
    assert 3 * 128 * MIB - SLACK[device] < train.value < 5 * 128 * MIB


def test_without_a_device_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    assert main(["measure", "tsn", "--quantity", "memory:cuda", "--json"]) == 1
    (record,) = json.loads(capsys.readouterr().out)
    assert record["status"] == "unsupported"
    assert "this machine has no CUDA device" in record["reason"]
