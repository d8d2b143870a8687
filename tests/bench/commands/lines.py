"""Arguments for small runs of commands, and their results."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.commands import main

SMALL_SUITE = """
title = "Small"
description = "One count and one figure of the machine."
[[sweep]]
networks = ["tsn"]
depths = [18]
frames = [1]
input_size = 32
quantities = ["params", "memory:cpu"]
"""

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


def evaluated(capsys: pytest.CaptureFixture[str], weights: Path, *others: str) -> dict[str, Any]:
    capsys.readouterr()
    line = ["evaluate", "--weights", str(weights), "--threads", "1", *others, "--json"]
    assert main(line) == 0
    (record,) = json.loads(capsys.readouterr().out)
    return dict(record)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The error of a command that refuses its arguments."""
    capsys.readouterr()
    assert main(list(arguments)) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("blvbench: ")
    return error
