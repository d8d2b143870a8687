"""Every transformer of real size, narrowest variant, sees the order of frames."""

import pytest
import torch
from torch import nn

import models
from models.registry import TRANSFORMERS
from tests.models.networks import LARGER, build, logits, small_clip

NAMES = [
    name
    for name in models.list_models()
    if models.get_network(name).group == TRANSFORMERS and name not in LARGER
]


@pytest.mark.parametrize("name", NAMES)
def test_it_sees_the_order_of_frames(name: str) -> None:
    if not models.get_network(name).is_installed:
        pytest.skip(f"{name} needs a library")
    torch.manual_seed(0)
    model = build(name).eval()
    for parameter in model.parameters():
        if not parameter.any():  # such as positions in time, which some start at zero
            nn.init.normal_(parameter, std=0.02)
    clip = torch.randn(small_clip(name))
    one, other = logits(model, clip), logits(model, clip.flip(2))
    again = logits(model, clip.clone())
    assert (one - other).abs().max() > 100 * (one - again).abs().max()
    assert (one - other).abs().max() > 1e-4 * one.abs().max()
