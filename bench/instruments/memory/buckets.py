"""Buckets of DistributedDataParallel: flat tensors in which gradients travel between processes."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

# Where PyTorch closes a bucket, in bytes: the first of a type is small, so that it leaves early.
FIRST_BYTES, OTHER_BYTES = 1 << 20, 25 << 20


class GradientBuckets:
    """The buckets for the gradients of `parameters`, which arrive in reverse order.

    Without parameters there are none. `tensors` are the buckets, `views` has the place of each
    parameter's gradient in them.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.tensors: list[Tensor] = []
        self.views: dict[nn.Parameter, Tensor] = {}
        for bucket in assign(parameters):
            sizes = [parameter.numel() for parameter in bucket]
            flat = torch.empty(sum(sizes), dtype=bucket[0].dtype)
            self.tensors.append(flat)
            for parameter, view in zip(bucket, flat.split(sizes), strict=True):
                self.views[parameter] = view.view(parameter.shape)


def assign(parameters: Sequence[nn.Parameter]) -> list[list[nn.Parameter]]:
    """The parameters of each bucket: of one type, until their bytes reach the limit."""
    closed: list[list[nn.Parameter]] = []
    filling: dict[torch.dtype, list[nn.Parameter]] = {}
    limits: dict[torch.dtype, int] = {}
    for parameter in reversed(parameters):
        kind = parameter.dtype
        bucket = filling.setdefault(kind, [])
        bucket.append(parameter)
        if sum(one.nbytes for one in bucket) >= limits.get(kind, FIRST_BYTES):
            closed.append(filling.pop(kind))
            limits[kind] = OTHER_BYTES
    return [*closed, *filling.values()]
