"""Multiply-accumulates (MACs) of one forward pass, counted from shapes: nothing is computed.

A clip is N x C x T x H x W. The headline is the MACs of convolutions and linear layers; FLOPs are
twice that, though papers print MACs under that name. Norms, pooling and element-wise work are
counted apart, as operations, and an operator that nobody counts is listed by name.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from bench.clips import blank_clip, check_clip_shape
from models.operators import aggregation
from models.shapes import BATCH_NORMS, Shapes

aten = torch.ops.aten
aggregate_frames = torch.ops.blvbench.aggregate_frames

FLOPS_PER_MAC = 2
HEADLINE = ("conv", "linear", "matmul")  # `matmul` multiplies activations, as attention does


@dataclass(frozen=True)
class MacCount:
    """What one forward pass needs.

    `by_operator` has MACs under `conv`, `linear` and `matmul`, and operations under the kinds that
    are counted apart (`norm`, `pool`, `reduction`, `resize`, `elementwise`). `uncounted` tells how
    often an operator ran that is in no table.
    """

    by_operator: dict[str, int]
    uncounted: dict[str, int]

    @property
    def total(self) -> int:
        """MACs of convolutions, linear layers and matrix products."""
        return sum(self.by_operator.get(kind, 0) for kind in HEADLINE)


def count(model: nn.Module, clip_shape: tuple[int, ...]) -> MacCount:
    """Count the forward pass of `model` in eval mode over a clip of (N, C, T, H, W).

    For one clip, give N = 1. `model` may be on any device, `meta` included, and is left as it was.
    Instrument: PyTorch's FlopCounterMode over meta tensors. Raises `BenchError` for another shape.
    """
    census, flops = _Census(), FlopCounterMode(display=False)
    dry_run(model, clip_shape, flops, census)
    by_operator: Counter[str] = Counter()
    for operator, counted in flops.get_flop_counts().get("Global", {}).items():
        by_operator[MAC_KINDS.get(operator, "matmul")] += counted // FLOPS_PER_MAC
    return MacCount(dict(by_operator + census.apart), dict(census.uncounted))


def count_with_fvcore(model: nn.Module, clip_shape: tuple[int, ...]) -> MacCount:
    """Count the same with fvcore, which traces a real forward pass: keep the clip small.

    `model` is on the CPU and is left as it was. Raises `BenchError` for another shape.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing it uses the deprecated torch.jit.script
        from fvcore.nn import FlopCountAnalysis

    check_clip_shape(clip_shape)
    with _evaluating(model):
        analysis = FlopCountAnalysis(model, blank_clip(model, clip_shape))
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        analysis.set_op_handle(**FVCORE_HANDLES)
        by_operator: Counter[str] = Counter()
        for operator, counted in analysis.by_operator().items():
            by_operator[FVCORE_KINDS.get(operator, operator)] += int(counted)
        return MacCount(dict(by_operator), dict(analysis.unsupported_ops()))


def dry_run(
    model: nn.Module, clip_shape: tuple[int, ...], *modes: AbstractContextManager[object]
) -> None:
    """Run `model` in eval mode over a clip of (N, C, T, H, W) on meta tensors, inside of `modes`.

    `model` may be on any device and is left as it was. Raises `BenchError` for another shape.
    """
    check_clip_shape(clip_shape)
    with torch.device("meta"):
        clip = blank_clip(model, clip_shape)
    tensors = (*model.named_parameters(), *model.named_buffers())
    state = {name: tensor.to("meta") for name, tensor in tensors}
    with ExitStack() as contexts:
        contexts.enter_context(_evaluating(model))
        contexts.enter_context(torch.device("meta"))
        contexts.enter_context(torch.no_grad())
        contexts.enter_context(Shapes())
        for mode in modes:
            contexts.enter_context(mode)
        functional_call(model, state, (clip,))


def disagreement(counted: MacCount, by_fvcore: MacCount) -> str:
    """Where two counts of the same forward pass differ by more than is known; else empty."""
    parts = []
    for kind in HEADLINE:
        first, second = counted.by_operator.get(kind, 0), by_fvcore.by_operator.get(kind, 0)
        tolerance, _ = FVCORE_DIFFERENCES.get(kind, (0, ""))
        if abs(first - second) > tolerance * first:
            parts.append(f"{kind} {first} and {second}")
    return ", ".join(parts)


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Eval mode for the time of a block; every module's own mode is restored."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


class _Census(TorchDispatchMode):
    """Counts the work of operators that FlopCounterMode does not, and lists the unknown ones."""

    def __init__(self) -> None:
        super().__init__()
        self.apart: Counter[str] = Counter()
        self.uncounted: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        operator = func.overloadpacket
        if operator in APART:
            kind, operations = APART[operator]
            self.apart[kind] += operations(args, out)
        elif not (operator in flop_registry or operator in WITHOUT_ARITHMETIC):
            self.uncounted[str(operator)] += 1
        return out


Operations = Callable[[tuple[Any, ...], Any], int]


def _per_output(times: int = 1) -> Operations:
    """`times` operations for each element of the first output."""
    return lambda args, out: times * tree_leaves(out)[0].numel()


def _per_results(args: tuple[Any, ...], out: Any) -> int:
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
    return int(window * tree_leaves(out)[0].numel())


NORM = ("norm", _per_output(2))  # scale and shift, as papers count it
POOL = ("pool", _per_window)
REDUCTION = ("reduction", _per_input)
RESIZE = ("resize", _per_output())
ELEMENTWISE = ("elementwise", _per_output())

APART: dict[Any, tuple[str, Operations]] = {
    **dict.fromkeys((norm.overloadpacket for norm in BATCH_NORMS), NORM),
    aten.native_layer_norm: NORM,
    aten.native_group_norm: NORM,
    aten.max_pool2d_with_indices: POOL,
    aten.max_pool3d_with_indices: POOL,
    aten.avg_pool2d: POOL,
    aten.avg_pool3d: POOL,
    aten._adaptive_avg_pool2d: ("pool", _per_input),
    aten._adaptive_avg_pool3d: ("pool", _per_input),
    aten.mean: REDUCTION,
    aten.sum: REDUCTION,
    aten.amax: REDUCTION,
    aten.upsample_nearest2d: RESIZE,
    aten.upsample_nearest3d: RESIZE,
    aten.add: ELEMENTWISE,
    aten.add_: ELEMENTWISE,
    aten.sub: ELEMENTWISE,
    aten.mul: ELEMENTWISE,
    aten.mul_: ELEMENTWISE,
    aten.div: ELEMENTWISE,
    aten.relu: ELEMENTWISE,
    aten.relu_: ELEMENTWISE,
    aten.sigmoid: ELEMENTWISE,
    aten.gelu: ELEMENTWISE,
    aten.eq: ELEMENTWISE,
    aten.ne: ELEMENTWISE,
    aten._softmax: ELEMENTWISE,
    aggregate_frames: ("elementwise", _per_results),  # its ReLU, beside its MACs
}

WITHOUT_ARITHMETIC = {
    *(
        aten.view,
        aten._unsafe_view,
        aten.reshape,
        aten.expand,
        aten.permute,
        aten.transpose,
        aten.t,
    ),
    *(aten.unsqueeze, aten.squeeze, aten.slice, aten.select, aten.split, aten.unbind, aten.chunk),
    *(aten.clone, aten.copy_, aten.cat, aten.stack, aten.constant_pad_nd, aten.index_select),
    *(aten.empty, aten.new_empty, aten.zeros, aten.zeros_like, aten.new_zeros),
    *(aten.detach, aten.alias),
    *(aten.index, aten.roll, aten.fill_, aten.masked_fill, aten.as_strided_, aten.arange),
    *(aten._to_copy, aten.scalar_tensor),
}

MAC_KINDS = {
    aten.convolution: "conv",
    aten.mm: "linear",
    aten.addmm: "linear",
    aggregate_frames: "conv",  # the depthwise convolution that it stands for
}
# kind -> by which share of it fvcore is known to differ, and why
FVCORE_DIFFERENCES = {
    "matmul": (5e-4, "it reads the cost of an einsum from NumPy's report, which has four digits"),
}


def _aggregation_macs(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """What fvcore is to count of an `aggregate_frames` in a trace."""
    x, weight, _, stride, _ = inputs
    return Counter(
        conv=aggregation.macs(x.type().sizes(), weight.type().sizes(), stride.toIValue())
    )


FVCORE_HANDLES = {
    "blvbench::aggregate_frames": _aggregation_macs,
    "blvbench::shift_frames": None,  # it only copies
}
FVCORE_KINDS = {
    "addmm": "linear",
    "bmm": "matmul",
    "einsum": "matmul",
    "batch_norm": "norm",
    "layer_norm": "norm",
    "group_norm": "norm",
    "adaptive_avg_pool2d": "pool",
    "upsample_nearest2d": "resize",
}
