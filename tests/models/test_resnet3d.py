from typing import Any

import pytest
import torch
from torch import nn

from models.resnet3d import clip_means, normed, parts3d, step_means
from tests.models.networks import build


def test_means_are_those_of_each_step_or_of_the_clip() -> None:
    features = torch.randn(2, 3, 4, 5, 6)
    steps = step_means(features)
    assert steps.shape == (8, 3)
    torch.testing.assert_close(steps[5], features[1, :, 1].mean(dim=(1, 2)))  # frame after frame
    torch.testing.assert_close(clip_means(features), steps.unflatten(0, (2, 4)).mean(dim=1))


def test_the_first_kernel_of_a_bottleneck_is_its_entry() -> None:
    parts = parts3d(normed((1, 3, 3)), entry=(3, 1, 1))
    layers = parts.bottleneck(8, 2, (1, 2, 2))
    kernels = [m.kernel_size for m in layers.values() if isinstance(m, nn.Conv3d)]
    assert kernels == [(3, 1, 1), (1, 3, 3), (1, 1, 1)]


@pytest.mark.parametrize(("pooling", "frames"), [("none", 8), ("max", 1)])
def test_stages_halve_time_by_their_strides(pooling: str, frames: int) -> None:
    with torch.device("meta"):
        model: Any = build("i3d_resnet", depth=18, temporal_pooling=pooling)
        features = model.stem([torch.empty(1, 3, 8, 64, 64)])
        for stage in model.stages:
            features = stage([features])
    assert features.shape == (1, 512, frames, 2, 2)
