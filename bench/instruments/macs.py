"""Multiply-accumulates (MACs) of one forward pass, counted from shapes: nothing is computed.

A clip is N x C x T x H x W. The headline is the MACs of convolutions, linear layers and matrix
products. FLOPs are twice that, though papers print MACs under that name. Norms, pooling and
element-wise work are counted separately, as operations. An operator that is in no table is listed
by name. A product of complex numbers is four of real ones.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, flop_registry

import models.operators.aggregation  # noqa: F401 -- registers aggregate_frames and its count
from bench.instruments.reading import Reading
from bench.records.point import Point
from bench.workload.meta_forward import dry_run
from bench.workload.networks import build_on_meta
from models.shapes import BATCH_NORMS

aten = torch.ops.aten
aggregate_frames = torch.ops.blvbench.aggregate_frames

FLOPS_PER_MAC = 2
HEADLINE = ("conv", "linear", "matmul")  # `matmul` multiplies activations, as attention does

# Of the operators that PyTorch's FlopCounterMode counts; all others are `matmul`.
MAC_KINDS = {
    aten.convolution: "conv",
    aten.mm: "linear",
    aten.addmm: "linear",
    aten.mv: "linear",
    aten.addmv: "linear",
    aten._trilinear: "linear",
    aggregate_frames: "conv",  # the depthwise convolution that it stands for
}

COMPLEX_PRODUCT = 4  # products of real numbers in a product of complex ones

Operations = Callable[[tuple[Any, ...], Any], int]  # of an operator's arguments and its result


def _per_output(args: tuple[Any, ...], out: Any) -> int:
    """One operation for each element of the first output."""
    return int(tree_leaves(out)[0].numel())


def _two_per_output(args: tuple[Any, ...], out: Any) -> int:
    """A scale and a shift for each element of the first output, as papers count a norm."""
    return 2 * _per_output(args, out)


def _per_result(args: tuple[Any, ...], out: Any) -> int:
    """One operation for each element of every output."""
    return sum(result.numel() for result in out)


def _per_input(args: tuple[Any, ...], out: Any) -> int:
    """One operation for each element that a reduction reads."""
    return int(args[0].numel())


def _per_window(args: tuple[Any, ...], out: Any) -> int:
    """One operation for each element of each window of a pool."""
    kernel = args[1]
    dims = args[0].dim() - 2
    window = prod(kernel) if len(kernel) == dims else kernel[0] ** dims
    return window * _per_output(args, out)


NORM = ("norm", _two_per_output)
POOL = ("pool", _per_window)
ADAPTIVE_POOL = ("pool", _per_input)
REDUCTION = ("reduction", _per_input)
RESIZE = ("resize", _per_output)
ELEMENTWISE = ("elementwise", _per_output)

# An operator that writes into its argument counts as the one that does not.
COUNTED_SEPARATELY: dict[Any, tuple[str, Operations]] = {
    **dict.fromkeys((norm.overloadpacket for norm in BATCH_NORMS), NORM),
    aten.native_layer_norm: NORM,
    aten.native_group_norm: NORM,
    aten.max_pool2d_with_indices: POOL,
    aten.max_pool3d_with_indices: POOL,
    aten.avg_pool2d: POOL,
    aten.avg_pool3d: POOL,
    aten._adaptive_avg_pool2d: ADAPTIVE_POOL,
    aten._adaptive_avg_pool3d: ADAPTIVE_POOL,
    aten.mean: REDUCTION,
    aten.sum: REDUCTION,
    aten.amax: REDUCTION,
    aten.linalg_vector_norm: REDUCTION,
    aten.upsample_linear1d: RESIZE,
    aten.upsample_nearest2d: RESIZE,
    aten.upsample_nearest3d: RESIZE,
    aten.leaky_relu: ELEMENTWISE,  # PyTorch 2.11 does not declare it element-wise
    aten.hardswish: ELEMENTWISE,  # PyTorch does not declare it and the next ones so
    aten.floor_divide: ELEMENTWISE,
    aten._softmax: ELEMENTWISE,
    aten._safe_softmax: ELEMENTWISE,
    aggregate_frames: ("elementwise", _per_result),  # its ReLU, beside its MACs
}

# They make copies and constants. Views are not listed: their declaration says what they are.
WITHOUT_ARITHMETIC = {
    aten._to_copy,
    aten._unsafe_view,
    aten.arange,
    aten.cat,
    aten.clone,
    aten.constant_pad_nd,
    aten.copy,
    aten.empty,
    aten.fill,
    aten.full,
    aten.gather,
    aten.index,
    aten.index_select,
    aten.masked_fill,
    aten.new_empty,
    aten.new_zeros,
    aten.ones,
    aten.repeat,
    aten.roll,
    aten.scalar_tensor,
    aten.stack,
    aten.unsafe_split,
    aten.zero,
    aten.zeros,
    aten.zeros_like,
}


def _vector_flops(*args: Any, out_val: Any = None, **kwargs: Any) -> int:
    """FLOPs of the product of a matrix and a vector."""
    matrix = next(value for value in args if isinstance(value, Tensor) and value.dim() == 2)
    return FLOPS_PER_MAC * matrix.numel()


def _dot_flops(*args: Any, out_val: Any = None, **kwargs: Any) -> int:
    return FLOPS_PER_MAC * int(args[0].numel())


def _bilinear_flops(*args: Any, out_val: Any = None, **kwargs: Any) -> int:
    """FLOPs of the two products of `aten._trilinear` for each combination of its indices."""
    sizes = zip(
        *(_expand(one, at) for one, at in zip(args[:3], args[3:6], strict=True)), strict=True
    )
    return 2 * FLOPS_PER_MAC * prod(map(max, sizes))


def _expand(tensor: Tensor, positions: list[int]) -> list[int]:
    sizes = list(tensor.shape)
    for position in positions:
        sizes.insert(position, 1)
    return sizes


def _for_complex(flops: Callable[..., int]) -> Callable[..., int]:
    """The formula `flops` of an operator, for complex numbers as well."""

    def count(*args: Any, **kwargs: Any) -> int:
        is_complex = any(isinstance(value, Tensor) and value.is_complex() for value in args)
        return flops(*args, **kwargs) * (COMPLEX_PRODUCT if is_complex else 1)

    count._get_raw = True  # type: ignore[attr-defined]  # it takes tensors, not their shapes
    return count


# Of operators that PyTorch's FlopCounterMode does not count.
FORMULAS: dict[Any, Callable[..., int]] = {
    aten.mv: _vector_flops,
    aten.addmv: _vector_flops,
    aten.dot: _dot_flops,
    aten.vdot: _dot_flops,
    aten._trilinear: _bilinear_flops,
}


@dataclass(frozen=True)
class MacCount:
    """What one forward pass needs.

    `by_operator` has MACs under `conv`, `linear` and `matmul`, and operations under the kinds that
    are counted separately (`norm`, `pool`, `reduction`, `resize`, `elementwise`). `uncounted` maps
    each operator that is in no table to the number of times it ran.
    """

    by_operator: dict[str, int]
    uncounted: dict[str, int]

    @property
    def total(self) -> int:
        """MACs of convolutions, linear layers and matrix products."""
        return sum(self.by_operator.get(kind, 0) for kind in HEADLINE)


def read(point: Point) -> Reading:
    """The MACs of a clip of `point`; an operator that no table has is a warning."""
    counted = count(build_on_meta(point), point.clip_shape)
    return Reading(
        (counted.total,),
        {"by_operator": dict(counted.by_operator), "uncounted": dict(counted.uncounted)},
        tuple(
            f"{operator} is in no table and is not counted"
            for operator in sorted(counted.uncounted)
        ),
    )


def flop_counter() -> FlopCounterMode:
    """A mode that counts MACs, twice, while it is active."""
    formulas = {**flop_registry, **FORMULAS}  # here: a network may have registered its own
    mapping = {operator: _for_complex(flops) for operator, flops in formulas.items()}
    return FlopCounterMode(display=False, custom_mapping=mapping)


def count(model: nn.Module, clip_shape: tuple[int, ...]) -> MacCount:
    """Count the forward pass of `model` in eval mode over a clip of (N, C, T, H, W).

    For one clip, give N = 1. `model` may be on any device, `meta` included, and is left as it was.
    Instrument: PyTorch's FlopCounterMode over meta tensors. Raises `BenchError` for another shape.
    """
    census, flops = _Census(), flop_counter()
    dry_run(model, clip_shape, flops, census)
    by_operator: Counter[str] = Counter()
    for operator, counted in flops.get_flop_counts().get("Global", {}).items():
        by_operator[MAC_KINDS.get(operator, "matmul")] += counted // FLOPS_PER_MAC
    return MacCount(dict(by_operator + census.counted_separately), dict(census.uncounted))


class _Census(TorchDispatchMode):
    """Counts the work of operators that FlopCounterMode does not, and lists the unknown ones."""

    def __init__(self) -> None:
        super().__init__()
        self.counted_separately: Counter[str] = Counter()
        self.uncounted: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        counted_as = out_of_place(func)
        operator = counted_as.overloadpacket
        if operator in COUNTED_SEPARATELY:
            kind, operations = COUNTED_SEPARATELY[operator]
            self.counted_separately[kind] += operations(args, out)
        elif _is_counted(func.overloadpacket) or operator in WITHOUT_ARITHMETIC or is_view(func):
            pass
        elif torch.Tag.pointwise in counted_as.tags:
            self.counted_separately["elementwise"] += _per_output(args, out)
        else:
            self.uncounted[str(func.overloadpacket)] += 1
        return out


def _is_counted(operator: Any) -> bool:
    return operator in flop_registry or operator in FORMULAS


def out_of_place(func: Any) -> Any:
    """The operator that returns what `func` writes into its argument; `func` itself if none does.

    PyTorch declares what the first does, but not always for the second.
    """
    name = func.overloadpacket.__name__.removesuffix("_")
    packet = getattr(getattr(torch.ops, func.namespace), name, None)
    return getattr(packet, func._overloadname, func)


def is_view(func: Any) -> bool:
    """Whether an operator moves and computes nothing, by its declaration."""
    return func.is_view or torch.Tag.inplace_view in func.tags
