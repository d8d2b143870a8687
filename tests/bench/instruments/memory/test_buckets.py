"""The buckets of DistributedDataParallel, and PyTorch's own assignment."""

from typing import Any

import pytest
import torch
from torch import distributed, nn

from bench.instruments.memory.buckets import FIRST_BYTES, OTHER_BYTES, GradientBuckets, assign

FLOAT = 4  # bytes
MIB = 2**20


def parameters(*sizes_mib: float, dtype: torch.dtype = torch.float32) -> list[nn.Parameter]:
    return [
        nn.Parameter(torch.empty(int(size * MIB) // dtype.itemsize, dtype=dtype, device="meta"))
        for size in sizes_mib
    ]


def test_a_bucket_closes_when_it_reaches_its_limit() -> None:
    found = assign(parameters(1, 10, 15, 0.5, 0.25, 0.25))
    assert [[p.nbytes / MIB for p in bucket] for bucket in found] == [
        [0.25, 0.25, 0.5],
        [15, 10],
        [1],
    ]


@pytest.mark.skipif(not distributed.is_available(), reason="needs torch.distributed")
@pytest.mark.parametrize(
    "given",
    [
        parameters(1),
        parameters(30, 0.1, 0.9, 24, 1, 1, 60, 0.2),
        [*parameters(3, 3), *parameters(3, 30, 3, dtype=torch.float64), *parameters(0.5, 24, 9)],
    ],
    ids=["one", "several", "two types"],
)
def test_as_pytorch_assigns(given: list[nn.Parameter]) -> None:
    on_cpu = [torch.empty(p.shape, dtype=p.dtype) for p in reversed(given)]
    compute: Any = vars(distributed)["_compute_bucket_assignment_by_size"]
    theirs, _ = compute(on_cpu, [FIRST_BYTES, OTHER_BYTES])
    by_size = sorted(sorted(on_cpu[n].nbytes for n in bucket) for bucket in theirs)
    assert sorted(sorted(p.nbytes for p in bucket) for bucket in assign(given)) == by_size


def test_a_view_of_a_bucket_has_the_shape_of_its_parameter() -> None:
    weight, bias = nn.Parameter(torch.empty(4, 3)), nn.Parameter(torch.empty(4))
    buckets = GradientBuckets([weight, bias])
    (flat,) = buckets.tensors
    assert flat.nbytes == 16 * FLOAT
    assert buckets.views[weight].shape == (4, 3)
    storages = {view.untyped_storage().data_ptr() for view in buckets.views.values()}
    assert storages == {flat.untyped_storage().data_ptr()}


def test_without_parameters_there_are_no_buckets() -> None:
    assert GradientBuckets([]).tensors == []
