"""The Triton kernels against the generic operators: on a GPU, interpreted, and compiled only."""

import importlib.util
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from models.operators.aggregation import aggregate_frames, aggregate_frames_backward
from models.operators.shift import shift_frames

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="needs Triton, which is not installed"
)
FRAMES, CLIPS = 4, 2


class Case(NamedTuple):
    taps: int
    stride: int
    starts: tuple[int, ...]
    size: tuple[int, int, int]  # C x H x W


CASES = [
    Case(3, 1, (-1,), (5, 3, 7)),
    Case(5, 1, (-2,), (3, 15, 17)),  # several tiles of pixels
    Case(3, 2, (0, -1), (40, 2, 3)),  # several tiles of channels
    Case(2, 1, (0, -1), (6, 1, 1)),
    Case(2, 2, (1,), (1, 3, 3)),
    Case(2, 2, (0,), (4, 1, 2)),  # no frame is seen twice
    Case(7, 2, (-2, -3), (2, 4, 4)),  # sees more frames than there are
    Case(3, 1, (-2, 0), (3, 2, 2)),
]
SHIFTS = [(1, 1), (2, -1), (0, 1), (1, 5), (1, 0)]  # channels, steps
DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.float16]
FORMATS = [torch.contiguous_format, torch.channels_last]
VARIANTS = list(itertools.product(CASES, DTYPES, FORMATS))


def frames_of(case: Case, dtype: torch.dtype, memory_format: torch.memory_format) -> Tensor:
    x = torch.randn(CLIPS * FRAMES, *case.size, generator=torch.Generator().manual_seed(1))
    return x.to(dtype).to(memory_format=memory_format)


def assert_same(got: Tensor, expected: Tensor) -> None:
    """`got` equals `expected`, in double precision, rounded to its type; few values are zero."""
    torch.testing.assert_close(got.cpu(), expected.to(got.dtype), equal_nan=True)
    assert expected.count_nonzero() > expected.numel() // 10


def check_aggregation(
    case: Case,
    x: Tensor,
    device: str,
    forward: Callable[..., Sequence[Tensor]],
    backward: Callable[..., Sequence[Tensor]],
) -> None:
    """Compare with the generic implementation on the CPU in double precision."""
    generator = torch.Generator().manual_seed(2)
    shape = (len(case.starts), case.taps, x.shape[1])
    weight = torch.randn(shape, generator=generator).to(x.dtype)
    settings = (FRAMES, case.stride, list(case.starts))
    results = forward(x.to(device), weight.to(device), *settings)
    expected = aggregate_frames(x.double(), weight.double(), *settings)
    assert len(results) == len(expected)
    for got, of_cpu in zip(results, expected, strict=True):
        assert_same(got, of_cpu)
        assert got.stride() == of_cpu.stride()
    grads = [torch.randn(r.shape, generator=generator).to(x.dtype) for r in expected]
    grads[-1] = grads[-1][..., :1].expand_as(grads[-1])  # not dense
    gradients = backward(
        [grad.to(device) for grad in grads],
        x.to(device),
        weight.to(device),
        results,
        *settings,
    )
    of_cpu = aggregate_frames_backward(
        [grad.double() for grad in grads],
        x.double(),
        weight.double(),
        [result.cpu().double() for result in results],
        *settings,
    )
    for got, expected_gradient in zip(gradients, of_cpu, strict=True):
        assert_same(got, expected_gradient)
    assert gradients[0].stride() == of_cpu[0].stride()


def check_shift(x: Tensor, device: str, shift: Callable[..., Tensor]) -> int:
    """Compare with the generic implementation on the CPU; return the number of shifts."""
    possible = [(channels, steps) for channels, steps in SHIFTS if 2 * channels <= x.shape[1]]
    for channels, steps in possible:
        got = shift(x.to(device), FRAMES, channels, steps)
        expected = shift_frames(x, FRAMES, channels, steps)
        assert torch.equal(got.cpu(), expected)
        assert got.stride() == expected.stride()
    return len(possible)


def check_odd_inputs(
    device: str,
    forward: Callable[..., Sequence[Tensor]],
    backward: Callable[..., Sequence[Tensor]],
    shift: Callable[..., Tensor],
) -> None:
    """NaN stays NaN; frames may have any strides; a clip or a frame may be empty."""
    x = frames_of(CASES[0], torch.float32, torch.contiguous_format)
    x[1, 2, 0, 0] = torch.nan
    strided = x.transpose(2, 3)
    assert not strided.is_contiguous()
    weight = torch.ones(1, 3, 5)
    for frames in (x, strided):
        (got,) = forward(frames.to(device), weight.to(device), FRAMES, 1, [-1])
        (expected,) = aggregate_frames(frames, weight, FRAMES, 1, [-1])
        assert expected.isnan().sum() == 3
        torch.testing.assert_close(got.cpu(), expected, equal_nan=True)
    check_shift(strided.nan_to_num(), device, shift)
    for size in ((0, 5, 3, 7), (8, 5, 0, 7)):
        empty = torch.zeros(size, device=device)
        (result,) = forward(empty, weight.to(device), FRAMES, 1, [-1])
        assert result.shape == empty.shape
        grad_x, grad_weight = backward(
            [result], empty, weight.to(device), [result], FRAMES, 1, [-1]
        )
        assert grad_x.shape == empty.shape
        assert torch.equal(grad_weight.cpu(), torch.zeros(1, 3, 5))
        assert shift(empty, FRAMES, 1, 1).shape == empty.shape


@needs_gpu
@pytest.mark.parametrize(("case", "dtype", "memory_format"), VARIANTS)
def test_a_gpu_computes_the_same(
    case: Case, dtype: torch.dtype, memory_format: torch.memory_format
) -> None:
    x = frames_of(case, dtype, memory_format)
    check_aggregation(case, x, "cuda", aggregate_frames, aggregate_frames_backward)
    check_shift(x, "cuda", shift_frames)


@needs_gpu
def test_a_gpu_takes_odd_inputs() -> None:
    check_odd_inputs("cuda", aggregate_frames, aggregate_frames_backward, shift_frames)


@needs_gpu
def test_a_gpu_gives_the_same_gradients_each_time() -> None:
    x = torch.randn(16, 64, 28, 28, device="cuda", requires_grad=True)
    weight = torch.randn(2, 3, 64, device="cuda", requires_grad=True)

    def gradients() -> tuple[Tensor, ...]:
        big, little = aggregate_frames(x, weight, 8, 2, [0, -1])
        return torch.autograd.grad((big * little).sum(), (x, weight))

    first, second = gradients(), gradients()
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert all(gradient.count_nonzero() for gradient in first)


def check_interpreted() -> None:
    """Compare the interpreted kernels; called by tests/journeys/test_triton.py."""
    from models.operators.aggregation_triton import aggregate, aggregate_backward
    from models.operators.shift_triton import shift

    shifts = 0
    for case, dtype, memory_format in VARIANTS:
        if dtype == torch.float32 or case in (CASES[0], CASES[2]):
            x = frames_of(case, dtype, memory_format)
            check_aggregation(case, x, "cpu", aggregate, aggregate_backward)
            shifts += check_shift(x, "cpu", shift)
    check_odd_inputs("cpu", aggregate, aggregate_backward, shift)
    assert shifts > len(CASES)
    print("all interpreted")


class Absent:
    """A driver with an A100 that Triton can compile for but not launch on."""

    def get_current_device(self) -> int:
        return -1  # not a real device, so that its compiled kernels are never launched

    def get_current_stream(self, device: int) -> int:
        return 0

    def get_current_target(self) -> Any:
        from triton.backends.compiler import GPUTarget

        return GPUTarget("cuda", 80, 32)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """The kernels that the test launches: compiled for a GPU and not run."""
    from triton.runtime import driver
    from triton.runtime.jit import JITFunction

    kernels: list[Any] = []
    run = JITFunction.run

    def only_compile(kernel: Any, *arguments: Any, **options: Any) -> None:
        kernels.append(run(kernel, *arguments, **options | {"warmup": True}))

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(JITFunction, "run", only_compile)
    monkeypatch.setattr(driver, "_active", Absent())
    return kernels


@needs_triton
@pytest.mark.parametrize("memory_format", FORMATS, ids=["contiguous", "channels-last"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("case", [CASES[2], CASES[3], CASES[5]])
def test_kernels_compile_without_a_gpu(
    case: Case, dtype: torch.dtype, memory_format: torch.memory_format, compiled: list[Any]
) -> None:
    from models.operators.aggregation_triton import aggregate, aggregate_backward
    from models.operators.shift_triton import shift

    x = frames_of(case, dtype, memory_format)
    weight = torch.ones(len(case.starts), case.taps, x.shape[1], dtype=dtype)
    settings = (FRAMES, case.stride, case.starts)
    results = aggregate(x, weight, *settings)
    aggregate_backward(results, x, weight, results, *settings)
    shift(x, FRAMES, 1, 1)
    entries = ["_aggregate", "_aggregate_backward", "_shift"]
    assert [kernel.name for kernel in compiled] == entries
    assert all(kernel.asm["cubin"] for kernel in compiled)
