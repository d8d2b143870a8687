import torch
from torch import nn

from tests.models.networks import build


def test_every_convolution_is_inflated() -> None:
    with torch.device("meta"):
        model = build("i3d")
    kernels = [m.kernel_size for m in model.modules() if isinstance(m, nn.Conv3d)]
    assert kernels.count((7, 7, 7)) == 1  # the stem
    assert kernels.count((3, 3, 3)) == 1 + 9 * 2
    assert kernels.count((1, 1, 1)) == 1 + 9 * 4
    assert len(kernels) == 57
