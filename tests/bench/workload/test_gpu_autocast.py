from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional

from bench.workload.gpu_autocast import HALVES, IN_FLOAT32, SOFTMAX, TO_FLOAT32, autocast_as_on_gpu

Function = Callable[[Tensor], Tensor]
WIDTH = 4
# Functions of a tensor of 1 x 4 x 4 x 4 x 4 in half precision.
TO_HALF: dict[str, Function] = {
    "matmul": lambda half: half @ half,
    "linear": lambda half: functional.linear(half, torch.zeros(WIDTH, WIDTH)),
    "gelu": functional.gelu,
    "mean": lambda half: half.mean(1),
    "avg_pool3d": lambda half: functional.avg_pool3d(half, 2),
    "batch_norm": lambda half: functional.batch_norm(half, torch.zeros(4), torch.ones(4)),
}
TO_SINGLE: dict[str, Function] = {
    "layer_norm": lambda half: functional.layer_norm(half, (WIDTH,), torch.ones(WIDTH)),
    "rms_norm": lambda half: functional.rms_norm(half, (WIDTH,)),
    "group_norm": lambda half: functional.group_norm(half, 2, torch.ones(WIDTH)),
    "softmax": lambda half: half.softmax(-1),
    "log_softmax": lambda half: functional.log_softmax(half, -1),
    "cross_entropy": lambda half: functional.cross_entropy(half[0, 0, 0], torch.zeros(4).long()),
    "exp": torch.exp,
    "square": lambda half: half**2,
    "sum": torch.sum,
    "sum over rows": lambda half: half.sum(-1),
    "cumsum": lambda half: half.cumsum(-1),
    "norm": lambda half: torch.linalg.vector_norm(half, dim=-1),
    "interpolate": lambda half: functional.interpolate(half, scale_factor=2),
}


def run(function: Function, dtype: torch.dtype) -> Tensor:
    half = torch.zeros(1, WIDTH, 4, 4, 4, dtype=dtype, requires_grad=True)
    with torch.autocast("cpu", dtype):
        return function(half)


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("name", TO_HALF | TO_SINGLE)
def test_types_of_results(name: str, dtype: torch.dtype) -> None:
    with FakeTensorMode(allow_non_fake_inputs=True), autocast_as_on_gpu():
        result = run((TO_HALF | TO_SINGLE)[name], dtype)
        assert result.dtype == (dtype if name in TO_HALF else torch.float32)
        assert torch.autograd.grad(result.sum(), _leaf(result))[0].dtype == dtype


def _leaf(result: Tensor) -> Tensor:
    """The tensor that `result` was computed from."""
    node: Any = result.grad_fn
    while node.next_functions:
        node = next(function for function, _ in node.next_functions if function is not None)
    leaf: Tensor = node.variable
    return leaf


def test_the_softmax_of_float16_makes_no_cast_of_its_input() -> None:
    with FakeTensorMode(), autocast_as_on_gpu():
        node: Any = run(TO_SINGLE["softmax"], torch.float16).grad_fn
        assert node.name() == "SoftmaxBackward0"
        assert hasattr(node.next_functions[0][0], "variable")  # the input itself, not a cast of it


def test_other_types_stay_as_they_are() -> None:
    with FakeTensorMode(), autocast_as_on_gpu(), torch.autocast("cpu", torch.bfloat16):
        assert torch.zeros(4, dtype=torch.float64).exp().dtype == torch.float64
        assert torch.zeros(4, dtype=torch.long).sum().dtype == torch.long
        assert torch.zeros(4, dtype=torch.half).softmax(0, torch.float64).dtype == torch.float64


def test_a_cpu_has_its_own_types_again_afterwards() -> None:
    before = {name: run(f, torch.bfloat16).dtype for name, f in (TO_HALF | TO_SINGLE).items()}
    with autocast_as_on_gpu():
        assert run(TO_SINGLE["layer_norm"], torch.bfloat16).dtype == torch.float32
    after = {name: run(f, torch.bfloat16).dtype for name, f in (TO_HALF | TO_SINGLE).items()}
    assert before == after
    assert before["layer_norm"] == torch.bfloat16
    assert before["avg_pool3d"] == torch.float32


def test_every_function_is_in_one_list() -> None:
    listed = [*IN_FLOAT32, *TO_FLOAT32, *SOFTMAX]
    assert len(set(listed)) == len(listed)
