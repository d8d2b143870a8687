"""What the efficient formulation is worth in seconds; `nox -s bench` prints the ratios.

TSN and both formulations of bLVNet-TAM run in turn, each in both memory formats; each is judged by
the format that suits it best. Inference comes first: a process that has trained before keeps the
large blocks of memory that the published formulation asks the system for, and hides their cost.
"""

from itertools import product
from statistics import median
from typing import Any

import pytest
import torch

import models
from bench.machine.environment import usable_cores
from bench.workload.steps import make_step
from bench.workload.timers import time_on_cpu
from bench.workload.torch_settings import fix_settings
from suites.fields import Mode

ROUNDS = 7
NETWORKS: dict[str, dict[str, str]] = {
    "tsn": {"name": "tsn"},
    "published": {"name": "blvnet_tam", "formulation": "published"},
    "efficient": {"name": "blvnet_tam"},
}
FORMATS = (torch.contiguous_format, torch.channels_last)
# The least that the efficient formulation must be faster than each, on two CPU cores.
BOUNDS: dict[Mode, dict[str, float]] = {
    "infer": {"published": 1.9, "tsn": 2.0},
    "train": {"published": 1.15},
}


@pytest.mark.parametrize("mode", ["infer", "train"])
def test_efficient_is_faster(
    benchmark: Any, capsys: pytest.CaptureFixture[str], mode: Mode
) -> None:
    is_timed = not benchmark.disabled  # else one round of a small clip shows that all runs
    frames, size = (16, 224) if is_timed else (2, 64)
    clip = torch.randn(1, frames, 3, size, size).transpose(1, 2)  # stored frame by frame
    steps = {
        (label, memory_format): make_step(
            models.create_model(num_classes=174, frames=frames, depth=50, **options).to(
                memory_format=memory_format
            ),
            clip,
            mode,
        )
        for (label, options), memory_format in product(NETWORKS.items(), FORMATS)
    }
    rounds: list[list[float]] = []

    def run_round() -> None:
        rounds.append([time_on_cpu(step) for step in steps.values()])

    with fix_settings("cpu", "fp32", threads=usable_cores(), cudnn_benchmark=False):
        benchmark.pedantic(run_round, rounds=ROUNDS, warmup_rounds=1)
    kept = rounds[1:] if is_timed else rounds
    seconds = {key: median(one[position] for one in kept) for position, key in enumerate(steps)}
    best = {label: min(seconds[label, one] for one in FORMATS) for label in NETWORKS}
    ratios = {label: best[label] / best["efficient"] for label in BOUNDS[mode]}
    benchmark.extra_info.update({f"{label} / efficient": ratio for label, ratio in ratios.items()})
    assert min(seconds.values()) > 0
    if is_timed:
        with capsys.disabled():
            figures = ", ".join(f"{label} {best[label]:.3f} s" for label in NETWORKS)
            print(f"\n{mode}: {figures}")
            for label, ratio in ratios.items():
                print(f"  {label} / efficient: {ratio:.2f} (at least {BOUNDS[mode][label]})")
        assert all(ratio >= BOUNDS[mode][label] for label, ratio in ratios.items())
