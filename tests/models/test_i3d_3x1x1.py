from typing import Any

import pytest
import torch
from torch import nn

import models
from tests.models.networks import build


def inflated(model: nn.Module) -> list[str]:
    """The stage and block of each convolution over several frames, the stem left out."""
    return [
        name.removeprefix("stages.").removesuffix(".residual.conv1")
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv3d) and module.kernel_size == (3, 1, 1)
    ]


def test_every_second_block_is_inflated_behind_stage_1() -> None:
    with torch.device("meta"):
        model: Any = build("i3d_3x1x1")
    assert inflated(model) == ["0.0", "0.1", "0.2", "1.0", "1.2", "2.0", "2.2", "2.4", "3.1"]
    longer = [m for m in model.modules() if isinstance(m, nn.Conv3d) and m.kernel_size[0] > 1]
    assert len(longer) == 10
    assert model.stem.conv1.kernel_size == (5, 7, 7)


def test_a_network_of_101_layers_is_inflated_by_the_same_rule() -> None:
    with torch.device("meta"):
        blocks = inflated(build("i3d_3x1x1", depth=101))
    assert blocks == [
        *("0.0", "0.1", "0.2", "1.0", "1.2"),
        *(f"2.{block}" for block in range(0, 23, 2)),
        "3.1",
    ]


@pytest.mark.parametrize(("stride", "left"), [(1, 4), (4, 1)])
def test_frames_behind_stage_1(stride: int, left: int) -> None:
    with torch.device("meta"):
        model: Any = models.create_model("i3d_3x1x1", num_classes=4, frames=8, stem_stride=stride)
        features = model.stem([torch.empty(1, 3, 8, 64, 64)])
        assert features.shape[2] == 8 // stride
        for stage in model.stages:
            features = stage([features])
            assert features.shape[2] == left
