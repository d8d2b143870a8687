"""A new network takes one file: added to a copy of the project, it works in every command."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NETWORK = '''
"""Example: a linear layer over the mean colour of a clip."""

from torch import Tensor, nn

from models.registry import register


class Example(nn.Module):
    """The mean over space and time, and a linear layer."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.head = nn.Linear(3, num_classes)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        return self.head(clip.mean(dim=(2, 3, 4)))


@register(source="nowhere", classifier="head")
def example(*, num_classes: int, frames: int) -> Example:
    """A network for a test."""
    return Example(num_classes)
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for package in ("bench", "models", "reports", "suites"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "blvbench.py", tmp_path)
    (tmp_path / "models" / "example.py").write_text(NETWORK)
    return tmp_path


def blvbench(project: Path, *arguments: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "bench", *arguments, "--json"]
    result = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_one_file_is_a_network_everywhere(project: Path) -> None:
    listed = {network["name"]: network for network in blvbench(project, "models")}
    assert listed["example"]["summary"] == "A network for a test."
    measured = blvbench(project, "measure", "example", "--num-classes", "5", "--frames", "4")
    values = {one["quantity"]: one["value"] for one in measured}
    assert values["params"] == 5 * 3 + 5
    assert values["macs"] == 5 * 3
    assert values["memory"] > 0
