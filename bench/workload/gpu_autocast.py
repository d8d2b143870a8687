"""The types that autocast chooses on a GPU, for tensors that are on a CPU.

Source: the lists of PyTorch's ATen/autocast_mode.h. On a CPU, autocast leaves norms, softmax and
sums in half precision, and computes an average pool over time in float32.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.library import _scoped_library

aten = torch.ops.aten
HALVES = (torch.float16, torch.bfloat16)
# The lists have more functions: those that no network uses, and losses, which a CPU casts as well.
IN_FLOAT32 = (
    aten.exp.default,
    aten.log.default,
    aten.log1p.default,
    aten.pow.Tensor_Scalar,
    aten.pow.Tensor_Tensor,
    aten.pow.Scalar,
    aten.reciprocal.default,
    aten.rsqrt.default,
    aten.softplus.default,
    aten.layer_norm.default,
    aten.native_layer_norm.default,
    aten.rms_norm.default,
    aten.group_norm.default,
    aten.cosine_similarity.default,
    aten.logsumexp.default,
    aten.upsample_nearest1d.default,
    aten.upsample_nearest2d.default,
    aten.upsample_nearest3d.default,
    aten.upsample_linear1d.default,
    aten.upsample_bilinear2d.default,
    aten.upsample_trilinear3d.default,
    aten.upsample_bicubic2d.default,
)
# Their result is in float32. They read half precision without a cast of their input.
TO_FLOAT32 = (
    aten.cumsum.default,
    aten.sum.default,
    aten.sum.dim_IntList,
    aten.linalg_vector_norm.default,
)
SOFTMAX = {aten.softmax.int: aten._softmax.default, aten.log_softmax.int: aten._log_softmax.default}
IN_THEIR_TYPE = (aten.avg_pool3d.default,)  # in float32 on a CPU alone


@contextmanager
def autocast_as_on_gpu() -> Iterator[None]:
    """Within: where autocast is on for a CPU, it chooses the types that it chooses on a GPU."""
    kernels: dict[Any, Callable[..., Any]] = {
        **{function: _in_float32(function) for function in IN_FLOAT32},
        **{function: _to_float32(function) for function in TO_FLOAT32},
        **{function: _softmax(function, fused) for function, fused in SOFTMAX.items()},
        **{function: _without_autocast(function) for function in IN_THEIR_TYPE},
    }
    with _scoped_library("aten", "IMPL") as library:
        with warnings.catch_warnings():  # PyTorch 2.11 warns that a kernel is replaced
            warnings.filterwarnings("ignore", "Warning only once for all operators")
            for function, kernel in kernels.items():
                library.impl(function, kernel, "AutocastCPU", allow_override=True)
        yield


def _without_autocast(function: Callable[..., Any]) -> Callable[..., Any]:
    def kernel(*args: Any, **kwargs: Any) -> Any:
        with torch.autocast("cpu", enabled=False):
            return function(*args, **kwargs)

    return kernel


def _in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    compute = _without_autocast(function)

    def kernel(*args: Any, **kwargs: Any) -> Any:
        return compute(*map(_cast, args), **{name: _cast(arg) for name, arg in kwargs.items()})

    return kernel


def _to_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    compute = _without_autocast(function)

    def kernel(tensor: Tensor, *args: Any, dtype: torch.dtype | None = None, **kwargs: Any) -> Any:
        wanted = torch.float32 if dtype is None and tensor.dtype in HALVES else dtype
        return compute(tensor, *args, dtype=wanted, **kwargs)

    return kernel


def _softmax(function: Callable[..., Any], fused: Callable[..., Any]) -> Callable[..., Any]:
    """A GPU has a kernel from float16 to float32; bfloat16 is cast."""
    compute, compute_fused = _without_autocast(function), _without_autocast(fused)

    def kernel(tensor: Tensor, dim: int, dtype: torch.dtype | None = None) -> Any:
        if dtype is None and tensor.dtype == torch.float16:
            return compute_fused(tensor, dim, True)
        return compute(_cast(tensor) if dtype is None else tensor, dim, dtype)

    return kernel


def _cast(value: Any) -> Any:
    is_half = isinstance(value, Tensor) and value.dtype in HALVES
    return value.float() if is_half else value
