import torch
from torch import nn

from tests.models.networks import build


def test_kernels_are_separate_in_space_and_time() -> None:
    with torch.device("meta"):
        model = build("s3d_resnet", depth=18, temporal_pooling="max")
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv3d)]
    kernels = [m.kernel_size for m in convolutions]
    assert kernels.count((3, 7, 7)) == 1  # the stem
    assert kernels.count((1, 3, 3)) == kernels.count((3, 1, 1)) == 8 * 2
    assert not [m for m in convolutions if m.bias is not None]
    strides = {m.kernel_size: set() for m in convolutions}  # type: dict[object, set[object]]
    for m in convolutions:
        strides[m.kernel_size].add(m.stride)
    assert strides[1, 3, 3] == {(1, 1, 1), (1, 2, 2)}
    assert strides[3, 1, 1] == {(1, 1, 1), (2, 1, 1)}
