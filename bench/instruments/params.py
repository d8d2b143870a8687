"""The number of learned parameters of a network."""

from torch import nn

from bench.instruments.reading import Reading
from bench.records.point import Point
from bench.workload.networks import build_on_meta


def read(point: Point) -> Reading:
    """The parameters of the network of `point`."""
    return Reading((count(build_on_meta(point)),))


def count(model: nn.Module) -> int:
    """The elements of all parameters, a shared one counted once; buffers are not parameters."""
    return sum(parameter.numel() for parameter in model.parameters())
