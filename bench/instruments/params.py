"""The number of parameters of a network."""

from torch import nn

from bench.instruments.reading import Reading
from bench.records.point import Point
from bench.workload.networks import build_on_meta


def read(point: Point) -> Reading:
    """The parameters of the network of `point`; learned and frozen ones apart in its details."""
    model = build_on_meta(point)
    learned, frozen = count(model, requires_grad=True), count(model, requires_grad=False)
    return Reading((learned + frozen,), {"parameters": {"learned": learned, "frozen": frozen}})


def count(model: nn.Module, *, requires_grad: bool | None = None) -> int:
    """The elements of all parameters, a shared one counted once; buffers are not parameters.

    `requires_grad` restricts them to those that are learned, or to those that are frozen.
    """
    return sum(
        parameter.numel()
        for parameter in model.parameters()
        if requires_grad in (None, parameter.requires_grad)
    )
