"""Which kernels attention and dropout call without contents, and that a GPU calls the same."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from bench.workload.contentless import run_contentless
from bench.workload.gpu_kernels import kernels_as_on_gpu
from tests.operators import Watch

aten = torch.ops.aten
EFFICIENT = aten._scaled_dot_product_efficient_attention.default
FLASH = aten._scaled_dot_product_flash_attention.default
SOFTMAX = aten._safe_softmax.default
DROPOUT = aten.native_dropout.default
PAD = aten.constant_pad_nd.default
HALF = torch.float16

Case = Callable[[], Tensor]


def heads(*shape: int, dtype: torch.dtype = torch.float32, requires_grad: bool = True) -> Tensor:
    return torch.zeros(shape or (2, 4, 9, 16), dtype=dtype, requires_grad=requires_grad)


def attend(query: Tensor, *, key: Tensor | None = None, **options: Any) -> Tensor:
    other = query if key is None else key
    return functional.scaled_dot_product_attention(query, other, other, **options)


def masked(query: Tensor, *shape: int, dtype: torch.dtype) -> Tensor:
    return attend(query, attn_mask=torch.zeros(shape, dtype=dtype))


CASES: dict[str, tuple[Case, set[Any]]] = {
    "float32": (lambda: attend(heads()), {EFFICIENT}),
    "float32, dropout": (lambda: attend(heads(), dropout_p=0.5), {EFFICIENT}),
    "float32, causal": (lambda: attend(heads(), is_causal=True), {EFFICIENT}),
    "float32, inference": (lambda: attend(heads(requires_grad=False)), {EFFICIENT}),
    "other length": (lambda: attend(heads(), key=heads(2, 4, 7, 16)), {EFFICIENT}),
    "mask": (lambda: masked(heads(), 4, 9, 9, dtype=torch.float32), {EFFICIENT, PAD}),
    "aligned mask": (lambda: attend(heads(2, 4, 8, 16), attn_mask=torch.zeros(8, 8)), {EFFICIENT}),
    "mask of booleans": (lambda: masked(heads(), 2, 1, 1, 9, dtype=torch.bool), {EFFICIENT, PAD}),
    "no aligned heads": (lambda: attend(heads(2, 4, 9, 18)), {SOFTMAX}),
    "three dimensions": (lambda: attend(heads(4, 9, 16)), {SOFTMAX}),
    "heads that lie apart": (lambda: attend(heads(2, 4, 16, 9).mT), {SOFTMAX}),
    "float64": (lambda: attend(heads(dtype=torch.float64)), {SOFTMAX}),
    "grouped heads": (
        lambda: attend(heads(), key=heads(2, 2, 9, 16), enable_gqa=True),
        {SOFTMAX},
    ),
    "float16": (lambda: attend(heads(dtype=HALF)), {FLASH}),
    "float16, grouped heads": (
        lambda: attend(heads(dtype=HALF), key=heads(2, 2, 9, 16, dtype=HALF), enable_gqa=True),
        {FLASH},
    ),
    "float16, padded heads": (lambda: attend(heads(2, 4, 9, 18, dtype=HALF)), {FLASH, PAD}),
    "float16, mask": (lambda: masked(heads(dtype=HALF), 4, 9, 9, dtype=HALF), {EFFICIENT, PAD}),
    "float16, large heads": (lambda: attend(heads(2, 4, 9, 512, dtype=HALF)), {EFFICIENT}),
    "dropout": (lambda: functional.dropout(heads()), {DROPOUT}),
    "dropout, inference": (lambda: functional.dropout(heads(), training=False), set()),
    "dropout of nothing": (lambda: functional.dropout(heads(), 0.0), set()),
    "dropout of everything": (lambda: functional.dropout(heads(), 1.0), set()),
    "dropout in place": (lambda: functional.dropout(heads() + 1, inplace=True), set()),
}
TOLD_APART = {EFFICIENT, FLASH, SOFTMAX, DROPOUT, PAD}


def operators(case: Case, device: str | None = None) -> list[Any]:
    """The operators of `case`, forward and backward."""
    with torch.device(device) if device else nullcontext(), Watch() as watch:
        result = case()
        if result.requires_grad:
            result.sum().backward()
    return [one for one in watch.operators if not str(one).startswith("prim")]


@pytest.mark.parametrize("case", CASES)
def test_the_kernels_of_a_gpu(case: str) -> None:
    run, kernels = CASES[case]
    with kernels_as_on_gpu():
        on_meta = operators(run, "meta")
        with FakeTensorMode():
            assert operators(run, "cpu") == on_meta
    assert set(on_meta) & TOLD_APART == kernels


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("case", CASES)
def test_a_gpu_calls_the_same(case: str) -> None:
    run, kernels = CASES[case]
    order = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
    with sdpa_kernel(order, set_priority=True):
        assert set(operators(run, "cuda")) & TOLD_APART == kernels


def test_outside_the_kernels_are_those_of_the_device() -> None:
    run, kernels = CASES["float32"]
    with kernels_as_on_gpu():
        pass
    with FakeTensorMode():
        assert not kernels & set(operators(run, "cpu"))


class Attending(nn.Module):
    """PyTorch's module of attention over pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 4, dropout=0.5, batch_first=True)

    def forward(self, clip: Tensor) -> Tensor:
        result: Tensor = self.attention(clip, clip, clip, need_weights=False)[0]
        return result


def test_a_network_runs_on_them() -> None:
    def run(model: nn.Module) -> list[Any]:
        return operators(lambda: model(torch.zeros(2, 9, 16)))

    assert EFFICIENT in run_contentless(Attending, "fp32", run)
    assert EFFICIENT not in run_contentless(Attending, "fp32", run, "cpu")
