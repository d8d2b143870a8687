import pytest
import torch
from torch import nn

import models
from tests.models.networks import build


@pytest.mark.parametrize(("pooling", "least"), [("none", 2), ("max", 5)])
def test_s3d_refuses_too_few_frames(pooling: str, least: int) -> None:
    with torch.device("meta"):
        model = models.create_model("s3d", num_classes=6, frames=least, temporal_pooling=pooling)
        assert model(torch.empty(1, 3, least, 64, 64)).shape == (1, 6)
        with pytest.raises(
            models.NetworkError, match=f"need {least} frames or more, not {least - 1}"
        ):
            models.create_model("s3d", num_classes=6, frames=least - 1, temporal_pooling=pooling)


def test_kernels_are_separate_in_space_and_time() -> None:
    with torch.device("meta"):
        model = build("s3d")
    convolutions = {n: m for n, m in model.named_modules() if isinstance(m, nn.Conv3d)}
    kernels = [m.kernel_size for m in convolutions.values()]
    assert kernels.count((3, 7, 7)) == 1  # the stem
    assert kernels.count((1, 3, 3)) == kernels.count((3, 1, 1)) == 1 + 9 * 2
    assert kernels.count((1, 1, 1)) == 1 + 9 * 4
    with_bias = {name for name, m in convolutions.items() if m.bias is not None}
    assert with_bias == {name for name in convolutions if name.endswith("conv_t")}
