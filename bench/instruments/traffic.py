"""Memory traffic: the bytes that the operators of a forward pass read and write.

A clip is N x C x T x H x W. Every operator reads its inputs and writes its results, as PyTorch runs
them one by one: nothing is fused, and no cache is assumed. Views move nothing, and a tensor that an
operator overwrites is not read.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from bench.instruments.reading import Reading
from bench.records.point import Point
from bench.workload.clips import blank_clip, check_clip_shape
from bench.workload.contentless import run_contentless
from bench.workload.networks import build
from bench.workload.steps import make_step
from suites.fields import Precision

aten = torch.ops.aten
# They allocate a result, or ask where it is.
MOVING_NOTHING = {
    aten.empty,
    aten.empty_like,
    aten.new_empty,
    aten.empty_strided,
    torch.ops.prim.device,
}
# They write into their first argument without reading it.
OVERWRITING = {
    aten.copy_,
    aten.fill_,
    aten.normal_,
    aten.uniform_,
    aten.zero_,
}


def read(point: Point) -> Reading:
    """The bytes of a forward pass of `point`."""
    return Reading((count(partial(build, point), point.clip_shape, point.precision),))


def count(
    model_factory: Callable[[], nn.Module],
    clip_shape: tuple[int, ...],
    precision: Precision = "fp32",
) -> int:
    """The bytes of a forward pass over the whole batch, in eval mode; nothing is computed.

    Raises `BenchError` for a shape that is not (N, C, T, H, W).
    """
    check_clip_shape(clip_shape)

    def run(model: nn.Module) -> int:
        infer = make_step(model, blank_clip(model, clip_shape), "infer", precision)
        meter = _Meter()
        with meter:
            infer()
        return meter.moved_bytes

    return run_contentless(model_factory, precision, run)


class _Meter(TorchDispatchMode):
    """Adds up the bytes that operators read and write."""

    def __init__(self) -> None:
        super().__init__()
        self.moved_bytes = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if func.overloadpacket not in MOVING_NOTHING and not _is_view(func, (args, kwargs), out):
            read = args[1:] if func.overloadpacket in OVERWRITING else args
            overwritten = {one.name for one in func._schema.arguments if one.is_out}
            given = [value for name, value in kwargs.items() if name not in overwritten]
            self.moved_bytes += _bytes((read, given)) + _bytes(out)
        return out


def _is_view(func: Any, given: Any, out: Any) -> bool:
    """Whether an operator only returns other views of the storages that it was given."""
    if func.is_view:
        return True
    if func._schema.is_mutable:
        return torch.Tag.inplace_view in func.tags
    results = _storages(out)
    return bool(results) and results <= _storages(given)


def _storages(values: Any) -> set[int]:
    """The addresses of the storages of the tensors in `values`."""
    tensors = (leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor))
    return {tensor.untyped_storage()._cdata for tensor in tensors}


def _bytes(values: Any) -> int:
    """The size in bytes of the tensors in `values`, each counted once."""
    tensors = {id(v): v for v in tree_leaves(values) if isinstance(v, Tensor)}
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
