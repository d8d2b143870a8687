"""MACs counted by fvcore, the second counter: it traces a real forward pass.

Two counters that work in different ways must agree on convolutions, linear layers and matrix
products. A clip is N x C x T x H x W.
"""

import warnings
from collections import Counter
from math import prod
from typing import Any

import torch
from torch import nn

from bench.errors import UnsupportedError
from bench.instruments import macs
from bench.instruments.macs import (
    COMPLEX_PRODUCT,
    COUNTED_SEPARATELY,
    WITHOUT_ARITHMETIC,
    MacCount,
    aten,
    is_view,
    out_of_place,
)
from bench.instruments.reading import Reading
from bench.records.point import Point
from bench.workload.clips import blank_clip, check_clip_shape
from bench.workload.networks import build, build_on_meta
from models.operators import aggregation
from models.wrappers import evaluating

KINDS = {
    "addmm": "linear",
    "bmm": "matmul",
    "einsum": "matmul",
    "batch_norm": "norm",
    "layer_norm": "norm",
    "group_norm": "norm",
    "adaptive_avg_pool2d": "pool",
    "upsample_nearest2d": "resize",
}

# PyTorch may run a product of activations as a linear layer: only their sum must agree.
COMPARED = {"conv": ("conv",), "linear and matmul": ("linear", "matmul")}
# The share of its products of activations by which fvcore may differ: it reads the cost of an
# einsum from NumPy's report, which has four digits.
EINSUM_ROUNDING = 5e-4


def _aggregation_macs(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """The MACs of an `aggregate_frames` in a trace."""
    x, weight, _, stride, _ = inputs
    return Counter(
        conv=aggregation.macs(x.type().sizes(), weight.type().sizes(), stride.toIValue())
    )


def _elements(value: Any) -> int:
    return prod(value.type().sizes())


def _product(left: Any, right: Any, result: Any) -> Counter[str]:
    """The MACs of a product of two tensors, which may be vectors or complex."""
    weight = COMPLEX_PRODUCT if result.type().dtype().is_complex else 1
    return Counter(matmul=_elements(result) * left.type().sizes()[-1] * weight)


def _matmul_macs(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    return _product(inputs[0], inputs[1], outputs[0])


def _added_matmul_macs(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """The MACs of a product that is added to the first input."""
    return _product(inputs[1], inputs[2], outputs[0])


def _bilinear_macs(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """Two MACs for each weight and each row of the batch, as the other counter counts."""
    rows = _elements(inputs[0]) // inputs[0].type().sizes()[-1]
    return Counter(linear=2 * rows * _elements(inputs[2]))


def _attention_macs(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """The MACs of the two products of a scaled dot-product attention."""
    query, key = (value.type().sizes() for value in inputs[:2])
    rows = _elements(outputs[0]) // outputs[0].type().sizes()[-1]
    return Counter(matmul=rows * key[-2] * (query[-1] + outputs[0].type().sizes()[-1]))


def _recurrence_macs(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """The MACs of a recurrent network: every weight is used once for each step of each sequence."""
    steps = _elements(inputs[0]) // inputs[0].type().sizes()[-1]
    lists = (value.node().inputs() for value in inputs if value.node().kind() == LIST)
    sizes = (value.type().sizes() for values in lists for value in values)
    return Counter(linear=steps * sum(prod(one) for one in sizes if len(one) == 2))


def _multi_head_macs(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """The MACs of a multi-head attention in one operator: four projections and two products."""
    (n, queries, width), (_, keys, _) = (value.type().sizes() for value in inputs[:2])
    projections = n * width * width * 2 * (queries + keys)
    return Counter(linear=projections, matmul=2 * n * queries * keys * width)


LIST = "prim::ListConstruct"
HANDLES = {
    **dict.fromkeys(("aten::matmul", "aten::mm", "aten::mv", "aten::dot"), _matmul_macs),
    **dict.fromkeys(("aten::baddbmm", "aten::addmv"), _added_matmul_macs),
    **dict.fromkeys(
        ("aten::lstm", "aten::gru", "aten::rnn_tanh", "aten::rnn_relu"), _recurrence_macs
    ),
    "aten::bilinear": _bilinear_macs,
    "aten::scaled_dot_product_attention": _attention_macs,
    "aten::_native_multi_head_attention": _multi_head_macs,
    "blvbench::aggregate_frames": _aggregation_macs,
    "blvbench::shift_frames": None,  # it only copies
}


# Operators of a trace without MACs, beside those that the other counter knows by the same name.
WITHOUT_MACS = {
    "adaptive_avg_pool1d",
    "adaptive_avg_pool3d",
    "addcmul",
    "avg_pool1d",
    "contiguous",
    "dropout_",
    "hardswish",
    "instance_norm",
    "linspace",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "pad",
    "real",
    "repeat",
    "repeat_interleave",
    "reshape",
    "resolve_conj",
    "silu",
    "softmax",
    "to",
    "unflatten",
    "unsafe_chunk",
}


def read(point: Point) -> Reading:
    """The MACs of a clip of `point`, compared with those of the other counter.

    A difference is a warning, and so is each operator that may have MACs and was not counted.
    """
    counted = count(build(point), point.clip_shape)
    difference = disagreement(macs.count(build_on_meta(point), point.clip_shape), counted)
    differing = [f"flop_counter and fvcore disagree: {difference}"] if difference else []
    return Reading(
        (counted.total,),
        {"by_operator": dict(counted.by_operator), "uncounted": dict(counted.uncounted)},
        (
            *differing,
            *(
                f"{operator} is in no table and is not counted"
                for operator in sorted(counted.uncounted)
                if may_have_macs(operator)
            ),
        ),
    )


def may_have_macs(operator: str) -> bool:
    """Whether an operator of a trace, such as `aten::add`, may have MACs."""
    kind, _, name = operator.partition("::")
    if kind != "aten" or name in WITHOUT_MACS:
        return kind != "aten"
    known = getattr(aten, name, None)
    overloads = [out_of_place(getattr(known, one)) for one in known.overloads()] if known else []
    return not any(
        one.overloadpacket in COUNTED_SEPARATELY
        or one.overloadpacket in WITHOUT_ARITHMETIC
        or is_view(one)
        or torch.Tag.pointwise in one.tags
        for one in overloads
    )


def count(model: nn.Module, clip_shape: tuple[int, ...]) -> MacCount:
    """Count the forward pass of `model` in eval mode over a clip of (N, C, T, H, W).

    `model` is on the CPU, computes the forward pass, and is left as it was: keep the clip small.
    Raises `BenchError` for another shape, and `UnsupportedError` for a scripted network.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing it uses the deprecated torch.jit.script
        from fvcore.nn import FlopCountAnalysis

    check_clip_shape(clip_shape)
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise UnsupportedError("fvcore traces a network, and cannot trace a scripted one")
    with evaluating(model):
        analysis = FlopCountAnalysis(model, blank_clip(model, clip_shape))
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        analysis.set_op_handle(**HANDLES)
        by_operator: Counter[str] = Counter()
        for operator, counted in analysis.by_operator().items():
            by_operator[KINDS.get(operator, operator)] += int(counted)
        return MacCount(dict(by_operator), dict(analysis.unsupported_ops()))


def disagreement(by_flop_counter: MacCount, by_fvcore: MacCount) -> str:
    """The kinds in which two counts of a forward pass differ by more than rounding; "" for none."""
    parts = []
    for name, kinds in COMPARED.items():
        first, second = (
            sum(count.by_operator.get(kind, 0) for kind in kinds)
            for count in (by_flop_counter, by_fvcore)
        )
        rounding = EINSUM_ROUNDING * by_fvcore.by_operator.get("matmul", 0)
        if abs(first - second) > (rounding if "matmul" in kinds else 0):
            parts.append(f"{name} {first:,} and {second:,}")
    return ", ".join(parts)
