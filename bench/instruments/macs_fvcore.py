"""MACs counted by fvcore, the second counter: it traces a real forward pass.

Two counters that work in different ways must agree on convolutions, linear layers and matrix
products. A clip is N x C x T x H x W.
"""

import warnings
from collections import Counter
from typing import Any

from torch import nn

from bench.instruments.macs import HEADLINE, MacCount
from bench.instruments.reading import Reading
from bench.records.point import Point
from bench.workload.clips import blank_clip, check_clip_shape
from bench.workload.networks import build
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

# kind -> the share of it by which fvcore is known to differ, and why
KNOWN_DIFFERENCES = {
    "matmul": (5e-4, "it reads the cost of an einsum from NumPy's report, which has four digits"),
}


def _aggregation_macs(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """The MACs of an `aggregate_frames` in a trace."""
    x, weight, _, stride, _ = inputs
    return Counter(
        conv=aggregation.macs(x.type().sizes(), weight.type().sizes(), stride.toIValue())
    )


HANDLES = {
    "blvbench::aggregate_frames": _aggregation_macs,
    "blvbench::shift_frames": None,  # it only copies
}


def read(point: Point) -> Reading:
    """The MACs of a clip of `point`."""
    counted = count(build(point), point.clip_shape)
    return Reading(
        (counted.total,),
        {"by_operator": dict(counted.by_operator), "uncounted": dict(counted.uncounted)},
    )


def count(model: nn.Module, clip_shape: tuple[int, ...]) -> MacCount:
    """Count the forward pass of `model` in eval mode over a clip of (N, C, T, H, W).

    `model` is on the CPU, computes the forward pass, and is left as it was: keep the clip small.
    Raises `BenchError` for another shape.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing it uses the deprecated torch.jit.script
        from fvcore.nn import FlopCountAnalysis

    check_clip_shape(clip_shape)
    with evaluating(model):
        analysis = FlopCountAnalysis(model, blank_clip(model, clip_shape))
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        analysis.set_op_handle(**HANDLES)
        by_operator: Counter[str] = Counter()
        for operator, counted in analysis.by_operator().items():
            by_operator[KINDS.get(operator, operator)] += int(counted)
        return MacCount(dict(by_operator), dict(analysis.unsupported_ops()))


def disagreement(by_flop_counter: MacCount, by_fvcore: MacCount) -> str:
    """The kinds in which two counts of a forward pass differ by more than the known differences.

    "" if there are none.
    """
    parts = []
    for kind in HEADLINE:
        first = by_flop_counter.by_operator.get(kind, 0)
        second = by_fvcore.by_operator.get(kind, 0)
        tolerance, _ = KNOWN_DIFFERENCES.get(kind, (0, ""))
        if abs(first - second) > tolerance * first:
            parts.append(f"{kind} {first} and {second}")
    return ", ".join(parts)
