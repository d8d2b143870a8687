"""Triton interpreted, and Triton missing: each case needs a process of its own."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

HAS_TRITON = importlib.util.find_spec("triton") is not None


def run_python(code: str, **environment: str) -> str:
    """Run `code` in a process of its own; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(not HAS_TRITON, reason="needs Triton, which is not installed")
def test_interpreted_kernels_compute_the_same() -> None:
    code = "import tests.models.operators.test_triton as tests; tests.check_interpreted()"
    assert run_python(code, TRITON_INTERPRET="1") == "all interpreted"


WITHOUT_KERNELS = """
import sys
if {blocked}:
    sys.modules["triton"] = None
import torch
from models import list_models
from models.operators.aggregation import aggregate_frames
from models.operators.shift import shift_frames
list_models()
x = torch.ones(8, 3, 2, 2, requires_grad=True)
(result,) = aggregate_frames(x, torch.ones(1, 3, 3, requires_grad=True), 4, 1, [-1])
shift_frames(result, 4, 1, 1).sum().backward()
assert x.grad.count_nonzero()
print([name for name in sys.modules if name.startswith("models.") and name.endswith("_triton")])
for name in ("aggregate_frames", "aggregate_frames_backward", "shift_frames"):
    print(torch._C._dispatch_has_kernel_for_dispatch_key(f"blvbench::{{name}}", "CUDA"))
"""


@pytest.mark.parametrize("blocked", [False, True], ids=["as it is", "without Triton"])
def test_a_cpu_needs_no_triton(blocked: bool) -> None:
    has_kernels = not blocked and HAS_TRITON
    printed = run_python(WITHOUT_KERNELS.format(blocked=blocked))
    assert printed.splitlines() == ["[]", *[str(has_kernels)] * 3]
