from typing import Any

import pytest
import torch

import models
from tests.models.networks import lively, logits

NARROW = 0.125


@pytest.mark.parametrize("depth", [18, 50])
def test_without_pooling_it_is_a_tsn(depth: int) -> None:
    ours: Any
    tsn: Any
    ours, tsn = (
        lively(models.create_model(name, num_classes=4, frames=3, depth=depth, width=NARROW))
        for name in ("c2d", "tsn")
    )
    weights = {
        name: value.unsqueeze(2) if value.dim() == 4 else value
        for name, value in tsn.trunk.state_dict().items()
    }
    heads = {f"head.{name}": value for name, value in tsn.head.state_dict().items()}
    ours.load_state_dict({**weights, **heads})
    clip = torch.randn(2, 3, 3, 33, 47, dtype=torch.float64)
    torch.testing.assert_close(logits(ours, clip), logits(tsn, clip))


@pytest.mark.parametrize(("frames", "left"), [(8, 4), (5, 3), (1, 1)])
def test_pooling_halves_the_frames_after_stage_1(frames: int, left: int) -> None:
    with torch.device("meta"):
        model: Any = models.create_model(
            "c2d", num_classes=4, frames=frames, temporal_pooling="max"
        )
        features = model.stem([torch.empty(1, 3, frames, 64, 64)])
        assert model.stages[0]([features]).shape[2] == left
