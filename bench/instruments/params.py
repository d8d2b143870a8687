"""The number of parameters of a network."""

import re

from torch import nn

from bench.instruments.reading import Reading
from bench.records.point import Point
from bench.workload.networks import build_on_meta

LEVELS = 3  # of modules inside of modules, such as network.vjepa2.encoder


def read(point: Point) -> Reading:
    """The parameters of the network of `point`; details: learned and frozen ones, and by module."""
    model = build_on_meta(point)
    learned, frozen = count(model, requires_grad=True), count(model, requires_grad=False)
    by_training: dict[str, int | float] = {"learned": learned, "frozen": frozen}
    details = {"parameters": by_training, "by_module": by_module(model)}
    return Reading((learned + frozen,), details)


def by_module(model: nn.Module) -> dict[str, int | float]:
    """The parameters of each module that is no item of a list, to the third level: the parts."""
    parts = {
        path: module
        for path, module in model.named_modules()
        if path and path.count(".") < LEVELS and not re.search(r"\b\d+\b", path)
    }
    counts = {path: count(module) for path, module in parts.items()}
    return {path: number for path, number in counts.items() if number}


def count(model: nn.Module, *, requires_grad: bool | None = None) -> int:
    """The elements of all parameters, a shared one counted once; buffers are not parameters.

    `requires_grad` restricts them to those that are learned, or to those that are frozen.
    """
    return sum(
        parameter.numel()
        for parameter in model.parameters()
        if requires_grad in (None, parameter.requires_grad)
    )
