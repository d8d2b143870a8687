"""Weights that a file arranges in another way: several of ours in one, or one of ours in several.

A rule of a layout may lead to an expression in place of a name:

- `a [1/3]`: the second of three equal parts of `a` along its first axis
- `a [0]`: `a` without its first axis, which has length 1
- `a + b`: `a` and `b`, one after the other along the first axis
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

AND = " + "
INDEX = re.compile(r" \[(\d+)(?:/(\d+))?\]")


def sources(expression: str) -> tuple[str, ...]:
    """The names in an expression. A name is an expression of itself."""
    return tuple(INDEX.sub("", part) for part in expression.split(AND))


def put_before(prefix: str, expression: str) -> str:
    """The expression with `prefix` before each of its names."""
    return AND.join(prefix + part for part in expression.split(AND))


def substitute(expression: str, names: Mapping[str, str]) -> str:
    """The expression with other `names` for those that it has, where there are any."""
    parts = zip(expression.split(AND), sources(expression), strict=True)
    return AND.join(names.get(name, name) + part.removeprefix(name) for part, name in parts)


def evaluate(expression: str, weights: "Mapping[str, Tensor]") -> "Tensor":
    """The weight that an expression stands for.

    A tensor that cannot be arranged so is returned as it is: its shape then tells the difference.
    """
    import torch

    parts = [_part(part, weights) for part in expression.split(AND)]
    if len(parts) == 1 or len({(part.shape, part.dtype) for part in parts}) > 1:
        return parts[0]
    return torch.cat(parts)


def _part(expression: str, weights: "Mapping[str, Tensor]") -> "Tensor":
    (name,) = sources(expression)
    value = weights[name]
    for position, count in INDEX.findall(expression):
        length = value.shape[0] if value.dim() else 0
        if count and length and length % int(count) == 0:
            value = value.chunk(int(count))[int(position)]
        elif not count and length == 1:
            value = value[0]
    return value
